import { badUserInput, type RequestError } from '../errors.ts';

/**
 * Levels of arrays and objects within each other that JSON from a client may have. Far deeper than data is; a million
 * levels take seconds to parse and to clear away, and nothing can write them out again. A payload or a schema may have
 * 200 of its own, and stands some levels deep in the request.
 */
const maxDepth = 256;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;

/**
 * Values and keys in one request, brackets counted too. A million of them fit into 4 MiB and take a second to parse and
 * to clear away; half of them leave room for a thousand events of four hundred values each.
 */
const maxParts = 500_000;

/** Why JSON is not even parsed. It looks at the bytes alone, some milliseconds for a megabyte: no JSON is not noticed. */
export function refuseJson(json: Buffer): RequestError | undefined {
  let depth = 0;
  let parts = 0;
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
      parts += 1;
      if (depth > maxDepth) return tooDeep();
      if (parts > maxParts) return tooMany();
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    } else if (byte === comma || byte === colon) {
      parts += 1;
      if (parts > maxParts) return tooMany();
    }
  }
  return undefined;
}

const tooDeep = () =>
  badUserInput(`The request is nested more than ${maxDepth} levels deep.`, { limit: maxDepth });
const tooMany = () =>
  badUserInput(`The request holds more than ${maxParts} values and keys. Split it into several requests.`, {
    limit: maxParts,
  });
