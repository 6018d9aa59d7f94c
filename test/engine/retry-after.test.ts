import { expect, test } from 'vitest';
import { parseRetryAfter } from '../../src/sending/retry-schedule.ts';

const now = Date.UTC(2026, 10, 27, 12, 0, 0);

test.each([
  ['120', 120_000],
  ['0', 0],
  ['Fri, 27 Nov 2026 12:01:00 GMT', 60_000],
  ['Friday, 27-Nov-26 12:01:00 GMT', 60_000],
  ['Fri Nov 27 12:01:00 2026', 60_000],
  ['Tue Dec  1 12:00:00 2026', 4 * 86_400_000],
  // A time in the past, even in 1994, means at once.
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ['Sun Nov  6 08:49:37 1994', 0],
])('Retry-After: %s', (value, ms) => {
  expect(parseRetryAfter(value, now)).toBe(ms);
});

test.each([
  '',
  'soon',
  '-1',
  '1.5',
  '2026-11-27T12:01:00Z',
  'Fri, 27 Nov 2026 25:01:00 GMT',
  'Fri, 31 Feb 2026 12:01:00 GMT',
  'Fri, 27 Foo 2026 12:01:00 GMT',
  'Fri, 27 Nov 2026 12:01:00 CET',
])('Retry-After: %j says nothing', (value) => {
  expect(parseRetryAfter(value, now)).toBeUndefined();
});
