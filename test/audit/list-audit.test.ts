import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuditEntryInput, appendAudit } from '../../src/audit/append-audit.ts';
import { findAuditEntries, listAudit } from '../../src/audit/list-audit.ts';
import { encodeCursor } from '../../src/db/keyset.ts';
import { encodeId, mintUuid, timeOfUuid } from '../../src/ids.ts';
import { serviceActor } from '../access/actors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
const owner = mintUuid();
const endpoint = mintUuid();
beforeAll(async () => {
  db = await createTestDatabase();
  for (const number of [1, 2, 3, 4, 5]) {
    await append({
      actor: { ...serviceActor(), actorId: number === 3 ? 'support' : 'billing' },
      action: number % 2 === 0 ? 'endpoint.update' : 'endpoint.create',
      targetId: number > 3 ? endpoint : mintUuid(),
      changes: { number },
    });
  }
});
afterAll(() => db.drop());

function append(changed: Partial<AuditEntryInput>): Promise<void> {
  return db.database.query.transaction().execute((trx) =>
    appendAudit(trx, {
      ownerId: owner,
      actor: serviceActor(),
      action: 'endpoint.create',
      targetType: 'Endpoint',
      targetId: mintUuid(),
      changes: {},
      requestId: 'request-1',
      ...changed,
    }),
  );
}

const list = async (options: Partial<Parameters<typeof listAudit>[2]> = {}) =>
  await listAudit(db.database, owner, { page: {}, ...options });
const numbers = async (options: Parameters<typeof list>[0] = {}) =>
  (await list(options)).rows.map(({ changes }) => (changes as { number: number }).number);

test('an entry tells who did what to which record in which request', async () => {
  const [entry] = (await list({ page: { last: 1 } })).rows;
  expect(entry).toEqual({
    id: expect.any(String),
    action: 'endpoint.create',
    actor: { kind: 'SERVICE', actorId: 'billing', label: 'billing' },
    targetType: 'Endpoint',
    targetId: expect.any(String),
    changes: { number: 1 },
    requestId: 'request-1',
  });
});

test('entries come newest first, and page both ways', async () => {
  expect(await numbers()).toEqual([5, 4, 3, 2, 1]);
  const { rows } = await list();
  const cursor = encodeCursor({ kind: 'AuditEntry', ownerId: owner }, rows[2]?.id ?? '');
  expect(await numbers({ page: { first: 1, after: cursor } })).toEqual([2]);
  expect(await numbers({ page: { last: 1, before: cursor } })).toEqual([4]);
  expect(await list({ page: { first: 2 } })).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  expect(await list({ page: { last: 2 } })).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
});

test('entries are filtered by action, target and window', async () => {
  expect(await numbers({ filter: { action: ['endpoint.update'] } })).toEqual([4, 2]);
  expect(await numbers({ filter: { action: [] } })).toEqual([]);
  expect(await numbers({ filter: { targetId: encodeId('Endpoint', endpoint) } })).toEqual([5, 4]);
  expect(await numbers({ filter: { targetId: 'nonsense' } })).toEqual([]);
  const now = Date.now();
  const [past, future] = [new Date(now - 60_000), new Date(now + 60_000)];
  expect(await numbers({ filter: { occurredAfter: past, occurredBefore: future } })).toHaveLength(5);
  expect(await numbers({ filter: { occurredAfter: future } })).toEqual([]);
  expect(await numbers({ filter: { occurredBefore: past } })).toEqual([]);
});

test('entries are filtered by who did it, by the whole name', async () => {
  expect(await numbers({ filter: { actorId: ['support'] } })).toEqual([3]);
  expect(await numbers({ filter: { actorId: ['support', 'billing'] } })).toEqual([5, 4, 3, 2, 1]);
  expect(await numbers({ filter: { actorId: ['support'], action: ['endpoint.update'] } })).toEqual([]);
  expect(await numbers({ filter: { actorId: ['supp', 'bill\u0000ing'] } })).toEqual([]);
  expect(await numbers({ filter: { actorId: [] } })).toEqual([]);
});

test('the window holds its beginning and not its end', async () => {
  const [newest] = (await list()).rows;
  const time = new Date(timeOfUuid(newest?.id ?? ''));
  expect(await numbers({ filter: { occurredAfter: time } })).toContain(5);
  expect(await numbers({ filter: { occurredBefore: time } })).not.toContain(5);
});

test('a window that ends before it begins is refused', async () => {
  const filter = { occurredAfter: new Date(2), occurredBefore: new Date(1) };
  await expect(list({ filter })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});

test("another owner's entries are as if they were not there", async () => {
  const [entry] = (await list()).rows;
  const id = entry?.id ?? '';
  expect(await findAuditEntries(db.database, owner, [id])).toEqual([entry]);
  expect(await findAuditEntries(db.database, mintUuid(), [id])).toEqual([]);
  expect((await listAudit(db.database, mintUuid(), { page: {} })).rows).toEqual([]);
});

test('an entry goes with its act when that is rolled back', async () => {
  const other = mintUuid();
  const failing = db.database.query.transaction().execute(async (trx) => {
    await appendAudit(trx, {
      ownerId: other,
      actor: serviceActor(),
      action: 'endpoint.create',
      targetType: 'Endpoint',
      targetId: endpoint,
      changes: {},
      requestId: undefined,
    });
    throw new Error('the act failed');
  });
  await expect(failing).rejects.toThrow('the act failed');
  expect((await listAudit(db.database, other, { page: {} })).rows).toEqual([]);
});

test('whatever text was given, the entry is written', async () => {
  const other = mintUuid();
  const description = 'nul \u0000, half \ud83d, whole \u{1f600}, text \\u0000';
  await append({ ownerId: other, changes: { description } });
  const { rows } = await listAudit(db.database, other, { page: {} });
  expect(rows[0]?.changes).toEqual({ description: 'nul \ufffd, half \ufffd, whole \u{1f600}, text \\u0000' });
});

test('of an entry with megabytes of text the beginning of each text is kept', async () => {
  const other = mintUuid();
  const long = 'é'.repeat(2_000_000);
  const changes = { filter: { eventType: ['order.paid', `${'a'.repeat(199)}😀${long}`], id: [long] } };
  await append({ ownerId: other, changes });
  const whole = { description: { from: null, to: 'b'.repeat(100_000) } };
  await append({ ownerId: other, changes: whole });
  const { rows } = await listAudit(db.database, other, { page: {} });
  expect(rows.map((row) => row.changes)).toEqual([
    whole,
    {
      filter: {
        eventType: ['order.paid', `${'a'.repeat(199)}\ufffd…`],
        id: [`${'é'.repeat(200)}…`],
      },
    },
  ]);
});
