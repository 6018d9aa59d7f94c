import { expect, test } from 'vitest';
import { knownAttempts } from '../../src/deliveries/known-attempts.ts';

const attempts = (...outcomes: ('HTTP_STATUS' | 'INTERRUPTED' | 'SUCCEEDED')[]) =>
  outcomes.map((outcome) => ({ outcome }));

test('an attempt that was settled after the row was read is not shown beside it', () => {
  expect(knownAttempts({ attempt_count: 0 }, attempts('SUCCEEDED'))).toEqual([]);
  expect(knownAttempts({ attempt_count: 1 }, attempts('HTTP_STATUS', 'SUCCEEDED'))).toEqual(
    attempts('HTTP_STATUS'),
  );
});

test('everything that the row counts is shown, and what was interrupted', () => {
  const all = attempts('HTTP_STATUS', 'INTERRUPTED', 'SUCCEEDED');
  expect(knownAttempts({ attempt_count: 2 }, all)).toEqual(all);
});
