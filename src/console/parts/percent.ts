/** A percentage such as `99.98 %`; `–` if there is nothing to count. It is never 100 if something failed. */
export function percent(rate: number | null | undefined): string {
  if (rate == null) return '–';
  if (rate === 1) return '100 %';
  return `${(Math.floor(rate * 10_000) / 100).toFixed(rate > 0.99 ? 2 : 1)} %`;
}
