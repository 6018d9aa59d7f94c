import { describe, expect, test } from 'vitest';
import { parseIdempotencyHeader, resolveIdempotencyKey } from '../../src/idempotency/resolve-key.ts';

describe('the header', () => {
  test.each([
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    [' "order 7" ', 'order 7'],
    [String.raw`"a \"b\" \\c"`, String.raw`a "b" \c`],
  ])('%s is the key %s', (header, key) => {
    expect(parseIdempotencyHeader(header)).toBe(key);
  });

  test.each([
    '',
    '""',
    'order-7',
    '"open',
    'open"',
    '"a"b"',
    '"tab\there"',
    '"é"',
    String.raw`"\n"`,
    `"${'x'.repeat(256)}"`,
  ])('%j is refused', (header) => {
    expect(() => parseIdempotencyHeader(header)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });
});

describe('the key of a call', () => {
  test('comes from the input or from the header', () => {
    expect(resolveIdempotencyKey(undefined, undefined)).toBeUndefined();
    expect(resolveIdempotencyKey(null, 'header')).toBe('header');
    expect(resolveIdempotencyKey('input', undefined)).toBe('input');
    expect(resolveIdempotencyKey('same', 'same')).toBe('same');
  });

  test('is refused where both name different ones', () => {
    expect(() => resolveIdempotencyKey('one', 'other')).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    );
  });

  test.each(['', 'x'.repeat(256), 'line\nbreak', 'é'])('is refused in the input as %j', (key) => {
    expect(() => resolveIdempotencyKey(key, undefined)).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_FAILED',
        issues: [expect.objectContaining({ path: ['idempotencyKey'] })],
      }),
    );
  });
});
