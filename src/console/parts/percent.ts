/** `99.98 %`; `–` where there is nothing to speak of. Never 100 where something failed. */
export function percent(rate: number | null | undefined): string {
  if (rate == null) return '–';
  if (rate === 1) return '100 %';
  return `${(Math.floor(rate * 10_000) / 100).toFixed(rate > 0.99 ? 2 : 1)} %`;
}
