import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHead, readHeads, readPage } from '../../src/live/read-log.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { append, createOwner, pending } from './append-log.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const from = (position: number) => ({ point: { position, since: undefined }, limit: 10 });

test('a page follows its point, in order, and carries the bounds of the log', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(12));
  const page = await readPage(db.database, ownerId, from(1));
  expect(page.changes.map(({ position }) => position)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(page).toMatchObject({ head: 12, floor: 0 });
  const last = page.changes.at(-1);
  const rest = await readPage(db.database, ownerId, {
    point: { position: 11, since: last?.occurredAt },
    limit: 10,
  });
  expect(rest.changes).toMatchObject([
    {
      ownerId,
      position: 12,
      status: 'PENDING',
      previousStatus: null,
      eventType: 'comment.created',
      attemptNumber: 0,
    },
  ]);
});

test('the page behind the head is empty', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(2));
  const { point } = await readHead(db.database, ownerId);
  expect(await readPage(db.database, ownerId, { point, limit: 5 })).toEqual({
    head: 2,
    floor: 0,
    changes: [],
  });
});

test('the head of an owner without a log is 0', async () => {
  const ownerId = '01890000-0000-7000-8000-000000000000';
  expect(await readHead(db.database, ownerId)).toMatchObject({ head: 0, floor: 0 });
  expect((await readPage(db.database, ownerId, from(0))).changes).toEqual([]);
  expect(await readHeads(db.database, [ownerId])).toEqual(new Map());
});

test('a position that the log has not reached is refused with the head', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(3));
  await expect(readPage(db.database, ownerId, from(4))).rejects.toMatchObject({
    code: 'LOG_POSITION_AHEAD',
    extensions: { head: 3 },
  });
});

test('a position below the floor is refused with the oldest that can be resumed', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(5));
  await db.database.api.query('update owner_log set floor = 2 where owner_id = $1', [ownerId]);
  await db.database.api.query('delete from delivery_log where owner_id = $1 and position <= 2', [ownerId]);
  await expect(readPage(db.database, ownerId, from(1))).rejects.toMatchObject({
    code: 'LOG_POSITION_EXPIRED',
    extensions: { oldestPosition: 2 },
  });
  expect((await readPage(db.database, ownerId, from(2))).changes).toHaveLength(3);
});

test('a hole ends the page before it, and is refused by the next', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(6));
  await db.database.api.query('delete from delivery_log where owner_id = $1 and position in (3, 4)', [
    ownerId,
  ]);
  expect((await readPage(db.database, ownerId, from(0))).changes.map(({ position }) => position)).toEqual([
    1, 2,
  ]);
  await expect(readPage(db.database, ownerId, from(2))).rejects.toMatchObject({
    code: 'LOG_POSITION_EXPIRED',
    extensions: { oldestPosition: 4 },
  });
});

test('a missing end is refused, though nothing follows it', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(4));
  await db.database.api.query('delete from delivery_log where owner_id = $1 and position > 2', [ownerId]);
  await expect(readPage(db.database, ownerId, from(2))).rejects.toMatchObject({
    code: 'LOG_POSITION_EXPIRED',
    extensions: { oldestPosition: 4 },
  });
});

test('pages read beside concurrent writers and rollbacks are always dense', async () => {
  const ownerId = await createOwner(db.database.api);
  const writers = [1, 2, 3, 4].map(async (size) => {
    for (let round = 0; round < 20; round += 1) {
      await append(db.database.engine, ownerId, pending(size), { rollback: (round + size) % 4 === 0 });
    }
  });
  let isWriting = true;
  const written = Promise.all(writers).then(() => {
    isWriting = false;
  });
  let position = 0;
  let since: Date | undefined;
  for (;;) {
    const wasWriting = isWriting;
    const page = await readPage(db.database, ownerId, { point: { position, since }, limit: 7 });
    for (const change of page.changes) {
      expect(change.position).toBe(position + 1);
      ({ position, occurredAt: since } = change);
    }
    if (!wasWriting && page.changes.length === 0) break;
  }
  await written;
  expect(position).toBe((await readHead(db.database, ownerId)).head);
  expect(position).toBe(150);
});
