import { randomBytes } from 'node:crypto';
import { badUserInput } from './errors.ts';

/**
 * A number that JSON's own parser would change without a word: an integer whose digits reach beyond 2^53 - 1, one that
 * becomes infinite, or one that becomes zero. Everything else is read as the nearest 64-bit float, as JSON's readers do.
 */
export class LostNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** An integer that would lose its last digits. False: it would become infinite, or zero. */
  get isUnsafeInteger(): boolean {
    return integer.test(this.text) && Number.isFinite(Number(this.text));
  }

  /** The last wall: a place that takes JSON and does not look for lost numbers refuses them all the same. */
  toJSON(): never {
    throw new Error(`The number ${this.text.slice(0, 40)} cannot be kept.`);
  }
}

const integer = /^-?\d+$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Whether a text may hold such a number at all: most hold none, and are not looked at further. */
const suspicious = /\d{16}|\d[eE][+-]?\d\d/;
/** Nobody outside knows it: no client's object can be taken for a number. */
const marker = `lost-${randomBytes(12).toString('hex')}`;

/** Whether a number of JSON or of GraphQL would be changed. What is no number is not: a parser refuses it. */
export function isLost(token: string): boolean {
  if (!number.test(token)) return false;
  const value = Number(token);
  if (!Number.isFinite(value)) return true;
  if (value === 0) return /[1-9]/.test(token.split(/[eE]/, 1)[0] ?? '');
  return integer.test(token) && !Number.isSafeInteger(value);
}

/**
 * The most that one request may hold outside of texts, where each is refused in the end: half a million took three
 * seconds.
 */
export const maxLostNumbers = 1_000;

/**
 * JSON.parse, but for a LostNumber in the place of each number that would be changed. Throws a SyntaxError, or
 * BAD_USER_INPUT where there are more of these than `most`.
 */
export function parseExactly(text: string, most = Number.POSITIVE_INFINITY): unknown {
  const marked = markLostNumbers(text, most);
  return marked === text ? JSON.parse(text) : JSON.parse(marked, reviveLostNumbers);
}

/**
 * The text with a mark in the place of each number that would be changed, for a parser that is not ours and takes
 * `reviveLostNumbers`. Throws as `parseExactly` does. Takes time in proportion to the text. What is no JSON before is none afterwards.
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
  badUserInput(`More than ${most} numbers cannot be kept as they are: they lose digits, or are too large.`);

export function reviveLostNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const text: unknown = Object.hasOwn(value, marker) ? Reflect.get(value, marker) : undefined;
  return typeof text === 'string' ? new LostNumber(text) : value;
}

/** Whether `parseExactly` would find one. */
export const hasLostNumbers = (text: string): boolean => markLostNumbers(text) !== text;

/** The path to the first lost number in a value that `counts`, with the number; undefined where there is none. */
export function findLostNumber(
  value: unknown,
  counts: (number: LostNumber) => boolean = () => true,
): { path: (string | number)[]; number: LostNumber } | undefined {
  if (value instanceof LostNumber) return counts(value) ? { path: [], number: value } : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  // By index and by key: a list of entries would take more memory than the value.
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

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) return at;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isOfNumber(text.charCodeAt(at))) at += 1;
  return at;
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
/** Digits, `.`, `e`, `E`, `+`, `-`. */
const isOfNumber = (code: number) =>
  isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d;
