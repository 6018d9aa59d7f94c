/**
 * Levels of arrays and objects within each other that JSON from a client may have. Far deeper than data is; a million
 * levels take seconds to parse and to clear away, and nothing can write them out again. A payload or a schema may have
 * 200 of its own, and stands some levels deep in the request.
 */
export const maxJsonDepth = 256;

const quote = 0x22;
const backslash = 0x5c;

/** Looks at the bytes alone, some milliseconds for a megabyte. What is no JSON is not noticed here. */
export function isTooDeep(json: Buffer): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (inText) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) {
      inText = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > maxJsonDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}
