import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDateTime, parseSafeInt } from '../../src/graph/scalars.ts';
import { ask } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema } = createTestSchema();

describe('DateTime', () => {
  test('takes RFC 3339 with any offset and answers in UTC with milliseconds', () => {
    const cases = {
      '2026-03-01T09:30:00Z': '2026-03-01T09:30:00.000Z',
      '2026-03-01t09:30:00.5z': '2026-03-01T09:30:00.500Z',
      '2026-03-01T09:30:00.123456789+02:00': '2026-03-01T07:30:00.123Z',
      '2024-02-29T23:59:59-00:00': '2024-02-29T23:59:59.000Z',
      '0001-01-01T00:00:00Z': '0001-01-01T00:00:00.000Z',
    };
    for (const [given, shown] of Object.entries(cases))
      expect(parseDateTime(given).toISOString()).toBe(shown);
  });

  test('refuses what is no instant', () => {
    const bad = [
      '2026-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-10T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-01-01',
      '2026-01-01T00:00:00',
      '2026-01-01 00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:00:60Z',
      '2026-01-01T00:00:00+25:00',
      '0000-01-01T00:00:00Z',
      '+002026-01-01T00:00:00Z',
      '1767225600000',
      'now',
      '',
      1767225600000,
      null,
      {},
    ];
    for (const given of bad) expect(() => parseDateTime(given), String(given)).toThrow(/DateTime/);
  });

  test('what it answers it also takes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parseDateTime(date.toISOString())).toEqual(date);
        },
      ),
    );
  });
});

describe('SafeInt', () => {
  test('takes whole numbers to the edges of what JSON numbers hold', () => {
    for (const value of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
      expect(parseSafeInt(value)).toBe(value);
  });

  test('refuses fractions, texts and what lies beyond', () => {
    for (const value of [1.5, '1', 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, true, null]) {
      expect(() => parseSafeInt(value), String(value)).toThrow('SafeInt');
    }
  });
});

test('JSON takes any value, as a variable and as a literal', async () => {
  const value = { a: [1, 2.5, 'x', null, true, { b: [] }] };
  expect(await ask(schema, 'query ($v: JSON) { echo(json: $v) }', { variables: { v: value } })).toEqual({
    data: { echo: value },
  });
  expect(
    await ask(schema, 'query ($v: JSON) { echo(json: { a: [1, 2.5, "x", null, true, $v] }) }', {
      variables: { v: { b: [] } },
    }),
  ).toEqual({ data: { echo: value } });
});

test('a bad scalar in a variable is the caller’s fault', async () => {
  for (const [type, argument, value] of [
    ['DateTime', 'at', 'tomorrow'],
    ['SafeInt', 'count', 1.5],
    ['SafeInt', 'count', '1'],
    ['[String!]', 'list', 7],
  ]) {
    const { errors } = await ask(schema, `query ($v: ${type}) { echo(${argument}: $v) }`, {
      variables: { v: value },
    });
    expect(errors?.[0]).toMatch(/^BAD_USER_INPUT at : Variable "\$v" got invalid value/);
  }
});
