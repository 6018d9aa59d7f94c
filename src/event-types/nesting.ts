/** Deeper JSON overflows the stacks of those who parse it after us: PostgreSQL's, and a receiver's. */
export const maxNesting = 200;

/** Whether a JSON value has objects or arrays within each other more than `levels` deep. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  let layer = [value];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth > levels) return true;
    layer = layer.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    layer = layer.filter((item) => typeof item === 'object' && item !== null);
  }
  return false;
}
