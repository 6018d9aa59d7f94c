/** Deeper JSON overflows the stacks of those who parse it after us: PostgreSQL's, and a receiver's. */
export const maxNesting = 200;

/** Whether a JSON value has objects or arrays within each other more than `levels` deep; `[]` is one level. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  let layer = [value].filter(isContainer);
  for (let depth = 1; layer.length > 0; depth += 1) {
    if (depth > levels) return true;
    layer = layer.flatMap((item) => Object.values(item).filter(isContainer));
  }
  return false;
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;
