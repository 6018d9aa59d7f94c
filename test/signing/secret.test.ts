import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeSigningSecret,
  generateSigningSecret,
  InvalidSigningSecretError,
} from '../../src/signing/secret.ts';

test('a new secret has 32 bytes, and is never the same', () => {
  const made = Array.from({ length: 1_000 }, generateSigningSecret);
  expect(new Set(made).size).toBe(1_000);
  for (const secret of made) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(decodeSigningSecret(secret)).toHaveLength(32);
  }
});

test('any key of 24 to 64 bytes survives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
      const key = Buffer.from(bytes);
      expect(decodeSigningSecret(`whsec_${key.toString('base64')}`).equals(key)).toBe(true);
    }),
  );
});

test.each([
  '',
  'whsec_',
  'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa',
  `whsec_${Buffer.alloc(23).toString('base64')}`,
  `whsec_${Buffer.alloc(65).toString('base64')}`,
])('refuses %j without repeating it', (secret) => {
  expect(() => decodeSigningSecret(secret)).toThrow(InvalidSigningSecretError);
  try {
    decodeSigningSecret(secret);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_SIGNING_SECRET' });
    expect(`${error}`).not.toContain('MfKQ9');
  }
});
