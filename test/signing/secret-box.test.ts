import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BrokenSealError,
  type RingKey,
  SecretBox,
  UnknownSealKeyError,
} from '../../src/signing/secret-box.ts';

const OLD: RingKey = { id: '2025', key: randomBytes(32) };
const NEW: RingKey = { id: '2026', key: randomBytes(32) };
const AAD = 'ten_1/ep_1/secret_1';

test('opens what it sealed, in the same place', () => {
  const box = new SecretBox([NEW]);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (plaintext, aad) => {
      expect(box.open(box.seal(plaintext, aad), aad)).toBe(plaintext);
    }),
  );
});

test('the same secret never looks the same, and never shows', () => {
  const box = new SecretBox([NEW]);
  const sealed = [box.seal('whsec_abc', AAD), box.seal('whsec_abc', AAD)];
  expect(sealed[0]?.equals(sealed[1] ?? Buffer.alloc(0))).toBe(false);
  for (const one of sealed) expect(one.includes('whsec')).toBe(false);
});

test('does not open in another place', () => {
  const box = new SecretBox([NEW]);
  const sealed = box.seal('whsec_abc', AAD);
  for (const aad of ['', 'ten_2/ep_1/secret_1', `${AAD} `])
    expect(() => box.open(sealed, aad)).toThrow(BrokenSealError);
});

test('the first key seals and all of them open', () => {
  const sealed = new SecretBox([OLD]).seal('whsec_abc', AAD);
  const rotated = new SecretBox([NEW, OLD]);
  expect(rotated.open(sealed, AAD)).toBe('whsec_abc');
  expect([rotated.currentKeyId, rotated.keyIdOf(sealed), rotated.keyIdOf(rotated.seal('x', AAD))]).toEqual([
    '2026',
    '2025',
    '2026',
  ]);
});

test('says which key is missing', () => {
  const sealed = new SecretBox([OLD]).seal('whsec_abc', AAD);
  const box = new SecretBox([NEW]);
  expect(() => box.open(sealed, AAD)).toThrow(UnknownSealKeyError);
  expect(() => box.open(sealed, AAD)).toThrow(/"2025"/);
});

test('another key under the same id does not open it', () => {
  const sealed = new SecretBox([OLD]).seal('whsec_abc', AAD);
  expect(() => new SecretBox([{ ...NEW, id: OLD.id }]).open(sealed, AAD)).toThrow(BrokenSealError);
});

test('the name of the key is part of what is sealed', () => {
  const twins = new SecretBox([
    { id: 'a', key: OLD.key },
    { id: 'b', key: OLD.key },
  ]);
  const sealed = twins.seal('whsec_abc', AAD);
  sealed.write('b', 2);
  expect(() => twins.open(sealed, AAD)).toThrow(BrokenSealError);
});

test('no changed, cut or lengthened byte goes unnoticed', () => {
  const box = new SecretBox([NEW]);
  const sealed = box.seal('whsec_abc', AAD);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(() => box.open(changed, AAD)).toThrow();
    expect(() => box.open(sealed.subarray(0, index), AAD)).toThrow(BrokenSealError);
  }
  expect(() => box.open(Buffer.concat([sealed, Buffer.from([0])]), AAD)).toThrow(BrokenSealError);
});

test('errors carry a code', () => {
  const box = new SecretBox([NEW]);
  const foreign = new SecretBox([OLD]).seal('x', AAD);
  const codeOf = (sealed: Buffer) => {
    try {
      return box.open(sealed, AAD);
    } catch (error) {
      return error instanceof UnknownSealKeyError || error instanceof BrokenSealError ? error.code : error;
    }
  };
  expect([codeOf(foreign), codeOf(Buffer.alloc(0))]).toEqual(['UNKNOWN_SEAL_KEY', 'BROKEN_SEAL']);
});
