/** Divides the items into groups of at most `most` deliveries each. A single item may have more. */
export function cut<T extends { deliveries: number }>(items: readonly T[], most: number): T[][] {
  const runs: T[][] = [];
  let size = 0;
  for (const item of items) {
    const run = runs.at(-1);
    if (run === undefined || size + item.deliveries > most) {
      runs.push([item]);
      size = item.deliveries;
    } else {
      run.push(item);
      size += item.deliveries;
    }
  }
  return runs;
}
