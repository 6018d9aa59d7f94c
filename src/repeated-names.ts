import { badUserInput, type RequestError } from './errors.ts';
import { endOfString } from './exact-json.ts';

const quote = 0x22;

/**
 * A name that stands twice in one object of the JSON, or undefined. RFC 8259, section 4: of such an object one reader
 * takes the first value and another one the last, so what is checked here would not be what a receiver reads. Takes
 * time in proportion to the text, which must be valid JSON.
 */
export function findRepeatedName(json: string): string | undefined {
  /** The names so far of each open object. It is undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let isName = false;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case quote: {
        const end = endOfString(json, at);
        if (isName && names !== undefined) {
          const name = nameAt(json, at, end);
          if (names.has(name)) return name;
          names.add(name);
          isName = false;
        }
        at = end;
        break;
      }
      case 0x7b: // {
        open.push(names);
        names = new Set();
        isName = true;
        break;
      case 0x5b: // [
        open.push(names);
        names = undefined;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        names = open.pop();
        isName = false;
        break;
      case 0x2c: // ,
        isName = names !== undefined;
        break;
    }
  }
  return undefined;
}

/** The reason to refuse valid JSON in which an object has two members of the same name. */
export function refusalOfRepeatedNames(json: string): RequestError | undefined {
  const name = findRepeatedName(json);
  return name === undefined
    ? undefined
    : badUserInput(repeatedMessage(name), { name: name.slice(0, maxShownChars) });
}

const maxShownChars = 100;

export const repeatedMessage = (name: string): string =>
  `An object has the name ${JSON.stringify(name.slice(0, maxShownChars))} twice. Readers differ in which of the two values they take, so send it once.`;

/** An escape and the character itself are the same name. */
function nameAt(json: string, start: number, end: number): string {
  const text = json.slice(start + 1, end);
  return text.includes('\\') ? String(JSON.parse(json.slice(start, end + 1))) : text;
}
