import { badUserInput, type RequestError } from '../errors.ts';
import { refusalOfRepeatedNames } from '../repeated-names.ts';

/**
 * The limit for nested arrays and objects in JSON from a client. It is far above real data. A million levels would
 * take seconds to parse and to free, and could not be serialized again. A payload or a schema may have 200 levels of
 * its own, and is some levels deep in the request.
 */
const maxDepth = 256;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;

/**
 * The limit for values and keys in one request, including brackets. A million of them fit into 4 MiB and take a
 * second to parse and to free. Half of that allows a thousand events of four hundred values each.
 */
const maxParts = 500_000;

/**
 * The reason why the JSON is not even parsed. It only scans the bytes, at some milliseconds for a megabyte, and does
 * not notice invalid JSON.
 */
export function refuseJson(json: Buffer): RequestError | undefined {
  let depth = 0;
  let parts = 0;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (byte === quote) {
      index = endOfText(json, index);
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

/**
 * The body of a route, read as JSON. Undefined if it is not valid JSON. Throws BAD_USER_INPUT for JSON that would take
 * too long to parse, or in which an object has a name twice.
 */
export function readJson(body: Buffer): unknown {
  const refusal = refuseJson(body);
  if (refusal !== undefined) throw refusal;
  const text = body.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const repeated = refusalOfRepeatedNames(text);
  if (repeated !== undefined) throw repeated;
  return value;
}

/** The index of the quotation mark that ends the text which begins here, or the end of the JSON. */
function endOfText(json: Buffer, start: number): number {
  for (let end = json.indexOf(quote, start + 1); end !== -1; end = json.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (json[end - 1 - slashes] === backslash) slashes += 1;
    // An even number of backslashes are escaped themselves.
    if (slashes % 2 === 0) return end;
  }
  return json.length;
}

const tooDeep = () =>
  badUserInput(`The request is nested more than ${maxDepth} levels deep.`, { limit: maxDepth });
const tooMany = () =>
  badUserInput(`The request holds more than ${maxParts} values and keys. Split it into several requests.`, {
    limit: maxParts,
  });
