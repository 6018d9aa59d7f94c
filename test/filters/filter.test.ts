import { expect, test } from 'vitest';
import { filterIssues } from '../../src/filters/check-filter.ts';
import { FilterChecks, passes } from '../../src/filters/filter.ts';
import type { StoredCondition } from '../../src/tables.ts';

const body =
  '{"type":"order.paid","timestamp":"2026-03-01T00:00:00.000Z","data":{"amount":12345678901234567891,"price":1.50,"country":"DE","tags":["new","vip",3],"note":null,"ok":true,"deep":{"a":{}}}}';

const condition = (path: string, op: StoredCondition['op'], value?: unknown): StoredCondition =>
  value === undefined ? { path, op } : { path, op, value };

test.each([
  [condition('/data/country', 'EQ', 'DE'), true],
  [condition('/data/country', 'EQ', 'de'), false],
  [condition('/data/price', 'EQ', 1.5), true],
  [condition('/data/price', 'EQ', '1.50'), false],
  [condition('/data/ok', 'EQ', true), true],
  [condition('/data/ok', 'EQ', 'true'), false],
  [condition('/data/note', 'EQ', null), true],
  [condition('/data/missing', 'EQ', null), false],
  [condition('/data/deep', 'EQ', 'x'), false],
  [condition('/data/country', 'NE', 'FR'), true],
  [condition('/data/country', 'NE', 'DE'), false],
  [condition('/data/missing', 'NE', 'DE'), true],
  [condition('/data/country', 'IN', ['FR', 'DE']), true],
  [condition('/data/country', 'IN', ['FR', 1]), false],
  [condition('/data/note', 'IN', [null]), true],
  // As 64-bit floats the two are equal.
  [condition('/data/amount', 'GT', 12345678901234567000), true],
  [condition('/data/price', 'GTE', 1.5), true],
  [condition('/data/price', 'LT', 1.5), false],
  [condition('/data/price', 'LTE', 1.5), true],
  [condition('/data/price', 'GT', '1'), false],
  [condition('/timestamp', 'GTE', '2026-02'), true],
  [condition('/timestamp', 'LT', '2026-02'), false],
  [condition('/data/ok', 'GT', 0), false],
  [condition('/data/note', 'EXISTS'), true],
  [condition('/data/missing', 'EXISTS'), false],
  [condition('', 'EXISTS'), true],
  [condition('/data/country', 'STARTS_WITH', 'D'), true],
  [condition('/data/price', 'STARTS_WITH', '1'), false],
  [condition('/data/country', 'CONTAINS', 'E'), true],
  [condition('/data/tags', 'CONTAINS', 'vip'), true],
  [condition('/data/tags', 'CONTAINS', 'vi'), false],
  [condition('/data/tags', 'CONTAINS', 3), true],
  [condition('/data/deep', 'CONTAINS', 'a'), false],
  [condition('/data/tags/1', 'EQ', 'vip'), true],
  [condition('/type', 'EQ', 'order.paid'), true],
])('%o: %s', (one, expected) => {
  expect(filterIssues([one])).toEqual([]);
  expect(passes([one], body)).toBe(expected);
});

test('all conditions must hold, and the first that does not is named', () => {
  const [yes, no] = [condition('/data/ok', 'EQ', true), condition('/data/ok', 'EQ', false)];
  const checks = new FilterChecks(body, [[yes, no], [yes], []]);
  expect(checks.failedConditionOf([yes, no])).toBe(1);
  expect(checks.failedConditionOf([yes])).toBeUndefined();
  expect(checks.failedConditionOf([])).toBeUndefined();
  expect(passes(undefined, 'not even JSON')).toBe(true);
});

test('texts are compared by code points: beyond U+FFFF is more than before it', () => {
  expect(passes([condition('/a', 'GT', '\uffee')], '{"a":"\u{1f600}"}')).toBe(true);
});

test('ten thousand conditions on one value take hardly longer than one', () => {
  // One by one they would take from two minutes (a list) to an hour (numbers in a list of a hundred).
  const many = (one: (index: number) => StoredCondition) =>
    Array.from({ length: 1_000 }, (_, filter) =>
      Array.from({ length: 10 }, (_, index) => one(filter * 10 + index)),
    );
  const passed = (json: string, filters: readonly (readonly StoredCondition[])[]) => {
    const checks = new FilterChecks(`{"a":${json}}`, filters);
    return filters.filter((filter) => checks.failedConditionOf(filter) === undefined).length;
  };
  const list = `[${'1.5,"\\u0041",'.repeat(20_000)}null]`;
  expect(
    passed(
      list,
      many(() => condition('/a', 'CONTAINS', 'A')),
    ),
  ).toBe(1_000);
  const text = `"${'\\u0041'.repeat(40_000)}"`;
  expect(
    passed(
      text,
      many((index) => condition('/a', 'NE', `no ${index}`)),
    ),
  ).toBe(1_000);
  expect(
    passed(
      text,
      many((index) => condition('/a', 'GT', `0${index}`)),
    ),
  ).toBe(1_000);
  const hundred = Array.from({ length: 100 }, (_, index) => index / 8);
  expect(
    passed(
      `1.${'25'.repeat(100_000)}`,
      many(() => condition('/a', 'NE', hundred[5])),
    ),
  ).toBe(1_000);
  expect(passed(`1.25${'0'.repeat(200_000)}`, many(() => condition('/a', 'IN', hundred)).slice(0, 100))).toBe(
    100,
  );
});

test('a number is compared by its value, however it is written', () => {
  for (const zero of ['0', '-0', '0.000', `0e${'9'.repeat(200_000)}`, '0e-5']) {
    expect(passes([condition('/a', 'EQ', 0)], `{"a":${zero}}`)).toBe(true);
    expect(passes([condition('/a', 'CONTAINS', -0)], `{"a":[1,${zero}]}`)).toBe(true);
    expect(passes([condition('/a', 'LT', 1e-300)], `{"a":${zero}}`)).toBe(true);
  }
  for (const fifteen of ['15', '1.5e1', `1.5e+${'0'.repeat(1_000)}1`, `15${'0'.repeat(400)}e-400`])
    expect(passes([condition('/a', 'IN', ['15', 15])], `{"a":${fifteen}}`)).toBe(true);
  expect(passes([condition('/a', 'EQ', '15')], '{"a":15}')).toBe(false);
  expect(passes([condition('/a', 'CONTAINS', 'true')], '{"a":[true]}')).toBe(false);
  expect(passes([condition('/a', 'CONTAINS', null)], '{"a":["null",null]}')).toBe(true);
});

test('a whole filter has at most 16,384 bytes', () => {
  const fill = (chars: number) =>
    Array.from({ length: 10 }, (_, index) =>
      condition(`/${index}`, 'EQ', index < 9 ? '語'.repeat(570) : 'x'.repeat(chars)),
    );
  const left = 16_384 - Buffer.byteLength(JSON.stringify(fill(0)));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(1_000);
  expect(filterIssues(fill(left))).toEqual([]);
  expect(filterIssues(fill(left + 1))).toMatchObject([{ path: ['filter'], code: 'TOO_LONG' }]);
});
