import { endOfString } from '../exact-json.ts';

/**
 * JSON Pointers (RFC 6901) into a JSON text. The values of all pointers are found in one scan of the text, and
 * are returned as JSON text. So no object is built, and no number loses a digit.
 */

/** The reference tokens of a pointer. Undefined if the text is not a pointer. The empty text means the whole value. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A node in the tree of pointers: the pointers that end at this value, and those that continue by name or index. */
type Wanted = { ends: number[]; below: Map<string, Wanted> };

/** An array's elements are named by their index: no sign, no zero in front, and `-` names none (RFC 6901, section 4). */
const index = /^(?:0|[1-9]\d*)$/;

/** The JSON texts of the pointers' values, in their order; undefined where there is no value. The JSON must be valid. */
export function findValues(
  json: string,
  pointers: readonly (readonly string[])[],
): readonly (string | undefined)[] {
  const root: Wanted = { ends: [], below: new Map() };
  for (const [number, tokens] of pointers.entries()) {
    let at = root;
    for (const token of tokens) {
      let next = at.below.get(token);
      if (next === undefined) {
        next = { ends: [], below: new Map() };
        at.below.set(token, next);
      }
      at = next;
    }
    at.ends.push(number);
  }
  const found: (string | undefined)[] = pointers.map(() => undefined);
  walk(json, skipSpace(json, 0), root, found);
  return found;
}

/** Scans the value that begins at `start`, and returns its end. It recurses only as deep as a pointer does. */
function walk(json: string, start: number, wanted: Wanted, found: (string | undefined)[]): number {
  const opening = json[start];
  let end: number;
  if (wanted.below.size === 0 || (opening !== '{' && opening !== '[')) end = endOfValue(json, start);
  else if (opening === '{') end = walkObject(json, start, wanted, found);
  else end = walkArray(json, start, wanted, found);
  for (const number of wanted.ends) found[number] = json.slice(start, end);
  return end;
}

function walkObject(json: string, start: number, { below }: Wanted, found: (string | undefined)[]): number {
  let at = skipSpace(json, start + 1);
  while (json[at] === '"') {
    const endOfName = endOfString(json, at) + 1;
    const child = below.get(nameOf(json.slice(at, endOfName)));
    at = skipSpace(json, skipSpace(json, endOfName) + 1);
    // If two members have the same name, the last one counts, as with JSON.parse.
    if (child !== undefined) forget(child, found);
    at = skipSpace(json, child === undefined ? endOfValue(json, at) : walk(json, at, child, found));
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return at + 1;
}

function walkArray(json: string, start: number, { below }: Wanted, found: (string | undefined)[]): number {
  // The index is compared as text, so an index with a leading zero matches nothing.
  let wanted = [...below.keys()].filter((token) => index.test(token)).length;
  let at = skipSpace(json, start + 1);
  for (let number = 0; json[at] !== ']' && at < json.length; number += 1) {
    const child = wanted === 0 ? undefined : below.get(String(number));
    if (child !== undefined) wanted -= 1;
    at = skipSpace(json, child === undefined ? endOfValue(json, at) : walk(json, at, child, found));
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return at + 1;
}

/** The texts of an array's elements. */
export function elementsOf(json: string): readonly string[] {
  const elements: string[] = [];
  let at = skipSpace(json, 1);
  while (json[at] !== ']' && at < json.length) {
    const end = endOfValue(json, at);
    elements.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return elements;
}

function forget({ ends, below }: Wanted, found: (string | undefined)[]): void {
  for (const number of ends) found[number] = undefined;
  for (const child of below.values()) forget(child, found);
}

const nameOf = (text: string): string => (text.includes('\\') ? JSON.parse(text) : text.slice(1, -1));

/** The end of a value that no pointer enters. It counts brackets instead of recursing, so no depth is too deep. */
function endOfValue(json: string, start: number): number {
  const first = json[start];
  if (first === '"') return endOfString(json, start) + 1;
  if (first !== '{' && first !== '[') return endOfWord(json, start);
  let depth = 0;
  for (let at = start; at < json.length; at += 1) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at);
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return json.length;
}

function endOfWord(json: string, start: number): number {
  let at = start;
  while (at < json.length && !',]} \t\n\r'.includes(json.charAt(at))) at += 1;
  return at;
}

function skipSpace(json: string, start: number): number {
  let at = start;
  while (at < json.length && ' \t\n\r'.includes(json.charAt(at))) at += 1;
  return at;
}
