/** The measurements of one part of a round, by name. */
export type Figures = Readonly<Record<string, number>>;

/**
 * Runs the parts one after the other, round by round, so that other load on the machine affects all of them equally.
 */
export async function inRounds<Name extends string>(
  rounds: number,
  parts: Readonly<Record<Name, () => Promise<Figures>>>,
): Promise<Record<Name, Figures[]>> {
  const names = Object.keys(parts) as Name[];
  const found = Object.fromEntries(names.map((name) => [name, [] as Figures[]])) as Record<Name, Figures[]>;
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) found[name].push(await parts[name]());
  return found;
}

/** `median (least to most)`. */
export function shown(values: readonly number[], digits = 0): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${median(sorted).toFixed(digits)} (${sorted[0]?.toFixed(digits)} to ${sorted.at(-1)?.toFixed(digits)})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** The ratio of one to the other, round by round. */
export const ratios = (of: readonly Figures[], to: readonly Figures[], name: string): number[] =>
  of.map((figures, round) => (figures[name] ?? 0) / (to[round]?.[name] ?? Number.NaN));
