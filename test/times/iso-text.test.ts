import { expect, test } from 'vitest';
import { isoTextOf } from '../../src/times/iso-text.ts';

test('it is the text of toISOString, for times of any order and day', () => {
  const edges = [
    0, -1, 1, 86_399_999, 86_400_000, -86_400_000, -86_400_001, 253_402_300_799_999, -62_135_596_800_000,
  ];
  const limits = [8.64e15, -8.64e15, 253_402_300_800_000, -62_167_219_200_001];
  const random = Array.from({ length: 2_000 }, () => Math.floor((Math.random() - 0.5) * 2 * 8.64e15));
  const ofOneDay = Array.from({ length: 200 }, (_, index) => 1_764_500_000_000 + index * 431_777);
  for (const time of [...edges, ...limits, ...random, ...ofOneDay, ...edges])
    expect(isoTextOf(new Date(time))).toBe(new Date(time).toISOString());
});

test('an invalid time is refused, as by toISOString, and does not harm the next', () => {
  expect(() => isoTextOf(new Date(Number.NaN))).toThrow(RangeError);
  expect(isoTextOf(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
});
