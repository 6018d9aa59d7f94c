/** Deeper JSON would overflow the stack of programs that parse it after us, such as PostgreSQL or a receiver. */
export const maxNesting = 200;

/** Whether a JSON value has objects or arrays nested more than `levels` deep; `[]` is one level. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  let layer = [value].filter(isContainer);
  for (let depth = 1; layer.length > 0; depth += 1) {
    if (depth > levels) return true;
    layer = layer.flatMap((item) => Object.values(item).filter(isContainer));
  }
  return false;
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;
