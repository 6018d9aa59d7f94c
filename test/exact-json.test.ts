import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findLostNumber, hasLostNumbers, LostNumber, parseExactly } from '../src/exact-json.ts';
import { canonicalJson } from '../src/idempotency/canonical-json.ts';

test.each([
  '12345678901234567890',
  '-9007199254740992',
  '1e400',
  '-1e400',
  '1e-400',
  '123456789012345678901234567890e300',
  '9'.repeat(400),
])('%s would be changed, and is reported by its text', (text) => {
  expect(parseExactly(`{"a":[${text}]}`)).toEqual({ a: [new LostNumber(text)] });
  expect(findLostNumber(parseExactly(`{"a":[1,${text}]}`))).toMatchObject({
    path: ['a', 1],
    number: { text },
  });
});

test.each([
  '6.022e23',
  '1e21',
  '1.5e300',
  '9007199254740991',
  '0',
  '-0',
  '0.0',
  '0e400',
  '0.1234567890123456789',
  '1E+2',
  '5e-324',
])('%s is an honest number', (text) => {
  expect(hasLostNumbers(text)).toBe(false);
  expect(parseExactly(`[${text}]`)).toEqual(JSON.parse(`[${text}]`));
});

test('digits within texts and keys are no numbers', () => {
  const text = '{"12345678901234567890":"1e400 \\"12345678901234567890\\\\"}';
  expect(parseExactly(text)).toEqual(JSON.parse(text));
});

test('whatever JSON is written is read as JSON.parse reads it, where no number is changed', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      if (!hasLostNumbers(text)) expect(parseExactly(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test('what is no JSON is refused by both', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,1e4-+.\\ 0123456789') }), (text) => {
      const outcome = (parse: (given: string) => unknown) => {
        try {
          parse(text);
          return 'parsed';
        } catch {
          return 'refused';
        }
      };
      expect(outcome(parseExactly)).toBe(outcome(JSON.parse));
    }),
    { numRuns: 2_000 },
  );
});

test('equal values have one canonical text, and different ones do not', () => {
  expect(canonicalJson(parseExactly('{"b":[1.0,{"d":1,"c":2}],"a":"x"}'))).toBe(
    canonicalJson(parseExactly('{"a":"\\u0078","b":[1,{"c":2,"d":1}]}')),
  );
  expect(canonicalJson(parseExactly('[12345678901234567890]'))).not.toBe(
    canonicalJson(parseExactly('[12345678901234567891]')),
  );
});

test('more numbers that would be changed than anybody looks at are refused as what they are', () => {
  const lost = (count: number) => `[${Array.from({ length: count }, () => '1e999').join()}]`;
  expect(parseExactly(lost(1_000), 1_000)).toHaveLength(1_000);
  expect(() => parseExactly(lost(1_001), 1_000)).toThrow('More than 1000 numbers');
  expect(parseExactly(lost(1_001))).toHaveLength(1_001);
});
