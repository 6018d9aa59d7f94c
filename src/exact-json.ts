import { randomBytes } from 'node:crypto';
import { badUserInput } from './errors.ts';

/**
 * A number that JSON.parse would change silently: an integer beyond ±(2^53 - 1), a number so large that it becomes
 * infinite, or one so small that it becomes zero. Every other number is read as the nearest 64-bit float, as usual.
 */
export class LostNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** True for an integer that would lose its last digits; false for a number that would become infinite or zero. */
  get isUnsafeInteger(): boolean {
    return integer.test(this.text) && Number.isFinite(Number(this.text));
  }

  /** The last safeguard: code that takes JSON without looking for lost numbers cannot store one by mistake. */
  toJSON(): never {
    throw new Error(`The number ${this.text.slice(0, 40)} cannot be kept exactly.`);
  }
}

const integer = /^-?\d+$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Whether a text may contain such a number at all. Most texts do not, and are not looked at further. */
const suspicious = /\d{16}|\d[eE][+-]?\d\d/;
/** Random, so that no client can send an object that would be taken for such a number. */
const marker = `lost-${randomBytes(12).toString('hex')}`;

/**
 * Whether a number written in JSON or GraphQL would be changed. False for a text that is not a number; the parser
 * refuses that.
 */
export function isLost(token: string): boolean {
  if (!number.test(token)) return false;
  const value = Number(token);
  if (!Number.isFinite(value)) return true;
  if (value === 0) return /[1-9]/.test(token.split(/[eE]/, 1)[0] ?? '');
  return integer.test(token) && !Number.isSafeInteger(value);
}

/**
 * The most lost numbers in one request. Each of them is refused later anyway, one by one, and half a million of them
 * took three seconds.
 */
export const maxLostNumbers = 1_000;

/**
 * Like JSON.parse, but puts a LostNumber in the place of each number that would be changed. Throws a SyntaxError for
 * invalid JSON, and BAD_USER_INPUT for more than `most` such numbers.
 */
export function parseExactly(text: string, most = Number.POSITIVE_INFINITY): unknown {
  const marked = markLostNumbers(text, most);
  return marked === text ? JSON.parse(text) : JSON.parse(marked, reviveLostNumbers);
}

/**
 * The text with a mark in the place of each number that would be changed, for another parser that is then given
 * `reviveLostNumbers`. Throws like `parseExactly`. Takes time in proportion to the text. A text that was invalid JSON
 * stays invalid.
 */
export function markLostNumbers(text: string, most = Number.POSITIVE_INFINITY): string {
  if (!suspicious.test(text)) return text;
  let marked = '';
  let kept = 0;
  let lost = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x2d || isDigit(code)) {
      const end = endOfNumber(text, at);
      const token = text.slice(at, end);
      if (isLost(token)) {
        lost += 1;
        if (lost > most) throw tooManyLost(most);
        marked += `${text.slice(kept, at)}{"${marker}":"${token}"}`;
        kept = end;
      }
      at = end - 1;
    }
  }
  return marked + text.slice(kept);
}

const tooManyLost = (most: number) =>
  badUserInput(
    `More than ${most} numbers cannot be kept exactly, because they would lose digits or are too large.`,
  );

export function reviveLostNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const text: unknown = Object.hasOwn(value, marker) ? Reflect.get(value, marker) : undefined;
  return typeof text === 'string' ? new LostNumber(text) : value;
}

/** Whether `parseExactly` would find a lost number in the text. */
export const hasLostNumbers = (text: string): boolean => markLostNumbers(text) !== text;

/** The path to the first lost number in a value that `counts`, with the number; undefined where there is none. */
export function findLostNumber(
  value: unknown,
  counts: (number: LostNumber) => boolean = () => true,
): { path: (string | number)[]; number: LostNumber } | undefined {
  if (value instanceof LostNumber) return counts(value) ? { path: [], number: value } : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  // Walk by index and by key: a list of all entries would take more memory than the value itself.
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = findLostNumber(value[index], counts);
      if (found !== undefined) return { path: [index, ...found.path], number: found.number };
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const found = findLostNumber(Reflect.get(value, key), counts);
    if (found !== undefined) return { path: [key, ...found.path], number: found.number };
  }
  return undefined;
}

/** The index of the quotation mark that ends the JSON string which begins at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes += 1;
    // An even number of backslashes are escaped themselves.
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isOfNumber(text.charCodeAt(at))) at += 1;
  return at;
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
/** Whether the character can be part of a number: a digit, `.`, `e`, `E`, `+` or `-`. */
const isOfNumber = (code: number) =>
  isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d;
