import { expect, test } from 'vitest';
import { compareByCodePoints, containsText } from '../../src/filters/find-text.ts';

/** Texts of two letters, in which beginnings of the part come again and again. */
const letters = (length: number, seed: number) =>
  Array.from({ length }, (_, at) => ((at * at * seed + at) % 7 < 5 ? 'a' : 'b')).join('');

test('a part is found wherever it is, in long texts as in short ones', () => {
  const part = letters(400, 3);
  for (const before of [0, 1, 399, 5_000]) {
    const text = letters(before, 2) + part + letters(6_000, 5);
    expect(containsText(text, part)).toBe(true);
    expect(containsText(text, `${part}c`)).toBe(false);
    expect(containsText(text.slice(0, before + 399), part)).toBe(text.slice(0, before + 399).includes(part));
  }
  for (let seed = 1; seed < 40; seed += 1) {
    const [text, wanted] = [letters(9_000, seed), letters(20 + seed, seed + 3)];
    expect(containsText(text, wanted)).toBe(text.includes(wanted));
  }
  expect(containsText('a'.repeat(200_000), '')).toBe(true);
  expect(containsText('', 'a')).toBe(false);
});

test('texts that go together badly are searched in one pass', () => {
  // The search that is built in would take eight seconds for these.
  const text = 'a'.repeat(260_000);
  const part = `${'a'.repeat(500)}b${'a'.repeat(499)}`;
  for (let index = 0; index < 20; index += 1) expect(containsText(text, part)).toBe(false);
  expect(containsText(text + part, part)).toBe(true);
});

test('the order is that of code points', () => {
  const texts = ['', 'a', 'a\u0000', 'ab', 'b', '\ud7ff', '\ue000', '\uffee', '\uffff', '😀', '😀a', '😁'];
  for (const a of texts) {
    for (const b of texts) {
      expect(Math.sign(compareByCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }
  }
});
