import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { InvalidKeyRingError, parseKeyRing, SecretBox } from '../../src/signing/secret-box.ts';

const KEY = randomBytes(32).toString('base64');
const OTHER = randomBytes(32).toString('base64');

test('reads the keys in their order', () => {
  expect(parseKeyRing(` new:${KEY} , old:${OTHER}`)).toEqual([
    { id: 'new', key: Buffer.from(KEY, 'base64') },
    { id: 'old', key: Buffer.from(OTHER, 'base64') },
  ]);
});

test.each([
  ['', 'entry 1'],
  [KEY, 'entry 1'],
  [`a:${KEY},`, 'entry 2'],
  [`a:${KEY},${OTHER}`, 'entry 2'],
  [`a:${KEY},${OTHER}:b`, 'entry 2'],
  [`:${KEY}`, 'entry 1'],
  [`a:b:${KEY}`, 'entry 1'],
  [`a b:${KEY}`, 'entry 1'],
  [`${'a'.repeat(33)}:${KEY}`, 'entry 1'],
  ['a:', '"a"'],
  [`a:${KEY.slice(0, -1)}`, '"a"'],
  [`a:${randomBytes(16).toString('base64')}`, '"a"'],
  [`a:${randomBytes(48).toString('base64')}`, '"a"'],
  [`a:${KEY.replace(/^./, '-')}`, '"a"'],
  [`a:${KEY},a:${OTHER}`, '"a"'],
])('an unusable ring is refused by naming the entry and no key (%#)', (text, named) => {
  expect(() => parseKeyRing(text)).toThrow(InvalidKeyRingError);
  try {
    parseKeyRing(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_KEY_RING', message: expect.stringContaining(named) });
    for (const key of [KEY, OTHER]) expect(`${error}`).not.toContain(key.slice(1, 20));
  }
});

test('a box refuses a ring that could not have been read', () => {
  const key = randomBytes(32);
  for (const ring of [
    [],
    [{ id: 'a', key: randomBytes(31) }],
    [{ id: '', key }],
    [
      { id: 'a', key },
      { id: 'a', key },
    ],
  ]) {
    expect(() => new SecretBox(ring)).toThrow(InvalidKeyRingError);
  }
});
