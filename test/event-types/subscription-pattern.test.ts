import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSubscription, patternsOf } from '../../src/event-types/subscription-pattern.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { register } from './registered.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  for (const name of ['comment.created', 'comment.deleted', 'ping']) await register(db.database, { name });
});
afterAll(() => db.drop());

const check = async (events: string[]) =>
  (await checkSubscription(db.database, events)).map(({ path, code }) => [...path, code]);

test('names, categories and all can be subscribed to', async () => {
  expect(await check(['*'])).toEqual([]);
  expect(await check(['comment.*', 'comment.created', 'ping', 'ping.*', 'endpoint.disabled'])).toEqual([]);
});

test('an issue names its place', async () => {
  expect(await check([])).toEqual([['EMPTY']]);
  expect(await check(['comment.created', 'comment.updated', 'comments.*'])).toEqual([
    [1, 'UNKNOWN_EVENT_TYPE'],
    [2, 'UNKNOWN_EVENT_TYPE'],
  ]);
  expect(await check(['comment.created', 'ping', 'comment.created'])).toEqual([[2, 'DUPLICATE']]);
  expect(await check(['', 'Comment.created', 'nul\u0000'])).toEqual([
    [0, 'UNKNOWN_EVENT_TYPE'],
    [1, 'UNKNOWN_EVENT_TYPE'],
    [2, 'UNKNOWN_EVENT_TYPE'],
  ]);
  expect(await check(['*.created', 'comment*', 'comment.cr*', 'comment.x.*', '**', '*.*'])).toEqual(
    [0, 1, 2, 3, 4, 5].map((index) => [index, 'INVALID_PATTERN']),
  );
});

test('at most 100 entries', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `bulk.t${index}`);
  for (const name of names) await register(db.database, { name });
  expect(await check(names)).toEqual([]);
  expect(await check([...names, '*'])).toEqual([['TOO_MANY']]);
});

test('an event is matched by its name, its category and all', () => {
  expect(patternsOf('comment.created', 'comment')).toEqual(['comment.created', 'comment.*', '*']);
  expect(patternsOf('ping', 'ping')).toEqual(['ping', 'ping.*', '*']);
});
