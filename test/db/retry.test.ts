import { expect, test } from 'vitest';
import { isDatabaseAway, isTransient } from '../../src/db/retry.ts';

const withCode = (code: string) => Object.assign(new Error('It failed.'), { code });

test.each(['ECONNREFUSED', 'ECONNABORTED', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', '57P01', '08006'])(
  '%s passes: the database is away',
  (code) => {
    expect(isTransient(withCode(code))).toBe(true);
    expect(isDatabaseAway(withCode(code))).toBe(true);
  },
);

test('a statement that took too long may be tried again, though the database is there', () => {
  expect(isTransient(withCode('57014'))).toBe(true);
  expect(isDatabaseAway(withCode('57014'))).toBe(false);
});

test.each(['23505', '42P01', 'EACCES'])('%s stays', (code) => {
  expect(isTransient(withCode(code))).toBe(false);
  expect(isDatabaseAway(withCode(code))).toBe(false);
});
