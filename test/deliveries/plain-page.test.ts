import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId } from '../../src/ids.ts';
import { Hub } from '../../src/live/hub.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { ask, type Caller } from './graph.ts';

let db: TestDatabase;
let hub: Hub;
let caller: Caller;
let ownerId: string;
let endpointIds: string[];
beforeAll(async () => {
  db = await createTestDatabase();
  hub = new Hub({ database: db.database, hints: db.database.hints, logger: quietLogger });
  ({ ownerId, endpointIds } = await seedOwner(db.database, {
    endpoints: 3,
    url: 'https://example.com/hook',
  }));
  caller = { tenantId: ownerId };
  for (const endpointId of endpointIds) await seedDeliveries(db.database, ownerId, endpointId, 4);
  // Every column has a value, and others than its neighbours.
  await db.database.api.query(
    `update delivery set status = 'DEAD_LETTER', failure_reason = 'RETRIES_EXHAUSTED', kind = 'REPLAY',
            replay_of = event_id, replayed_at = now(), attempt_count = 2, max_attempts = 5,
            next_attempt_at = now() + interval '1 hour', updated_at = now() + interval '2 hours',
            completed_at = now() + interval '3 hours'
      where owner_id = $1 and endpoint_id = $2`,
    [ownerId, endpointIds[0]],
  );
});
afterAll(() => db.drop());

async function nodes(selection: string, args = 'first: 10', of = caller): Promise<Record<string, unknown>[]> {
  const { data, errors } = await ask(
    { database: db.database, hub },
    of,
    `{ deliveries(${args}) { logPosition nodes { ${selection} } } }`,
  );
  expect(errors).toBeUndefined();
  return JSON.parse(JSON.stringify(data)).deliveries.nodes;
}

const leaves = [
  'id',
  'eventType',
  'kind',
  'status',
  'failureReason',
  'attemptCount',
  'maxAttempts',
  'nextAttemptAt',
  'createdAt',
  'completedAt',
  'updatedAt',
];

test('each field has the same value, whatever else is asked for', async () => {
  const inner = ['endpoint { id }', 'endpoint { url }', 'endpoint { id url }', 'endpoint { isActive }'];
  const everything = `${leaves.join(' ')} endpoint { id url isActive } replayOf { id } attempts { id }`;
  const whole = await nodes(everything);
  expect(whole).toHaveLength(10);
  for (const field of leaves) {
    expect(await nodes(field), field).toEqual(whole.map((node) => ({ [field]: node[field] })));
  }
  for (const selection of inner) {
    const found = await nodes(selection);
    for (const [index, node] of whole.entries()) expect(node, selection).toMatchObject(found[index] ?? {});
  }
});

test('two pages of one document may ask for different things of the same records', async () => {
  const { data, errors } = await ask(
    { database: db.database, hub },
    caller,
    `{ few: deliveries { nodes { id endpoint { id } } }
       many: deliveries { nodes { ...Some } edges { node { endpoint { description events } } } } }
     fragment Some on Delivery { ... on Node { id } updatedAt endpoint { url } }`,
  );
  expect(errors).toBeUndefined();
  expect(JSON.parse(JSON.stringify(data)).many).toMatchObject({
    nodes: Array(12).fill({ updatedAt: expect.any(String), endpoint: { url: 'https://example.com/hook' } }),
    edges: Array(12).fill({ node: { endpoint: { description: null, events: ['*'] } } }),
  });
});

test('pages in both directions join up, and know whether there is more', async () => {
  const all = (await nodes('id')).concat(await nodes('id', 'last: 2'));
  type Answer = { nodes: { id: string }[]; pageInfo: Record<string, unknown> };
  const page = async (args: string): Promise<Answer> => {
    const { data, errors } = await ask(
      { database: db.database, hub },
      caller,
      `{ deliveries(${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
    );
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data)).deliveries;
  };
  const first = await page('first: 5');
  const second = await page(`first: 5, after: "${first.pageInfo.endCursor}"`);
  const third = await page(`first: 5, after: "${second.pageInfo.endCursor}"`);
  expect([...first.nodes, ...second.nodes, ...third.nodes]).toEqual(all);
  expect([first, second, third].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false]);
  const back = await page(`last: 5, before: "${third.pageInfo.startCursor}"`);
  expect(back.nodes).toEqual(second.nodes);
  expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  const between = await page(
    `first: 9, after: "${first.pageInfo.endCursor}", before: "${third.pageInfo.startCursor}"`,
  );
  expect(between.nodes).toEqual(second.nodes);
  expect(between.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
});

test('an owner without deliveries, or without a log, has an empty page', async () => {
  const { ownerId: tenantId } = await seedOwner(db.database);
  expect(await nodes('id', 'first: 3', { tenantId })).toEqual([]);
  await db.database.api.query('delete from owner_log where owner_id = $1', [tenantId]);
  expect(await nodes('id', 'first: 3', { tenantId })).toEqual([]);
});

// This must be the last test, because it purges.
test('shows nothing purged and nothing of a deleted endpoint, before and after it was removed', async () => {
  const [purged, deleted, kept] = endpointIds;
  await db.database.api.query(
    'update endpoint set purged_through = (select max(id::text)::uuid from delivery) where owner_id = $1 and id = $2',
    [ownerId, purged],
  );
  const shown = async () => (await nodes('endpoint { id }')).map(({ endpoint }) => endpoint);
  const of = (...ids: (string | undefined)[]) =>
    ids.flatMap((id) => Array(4).fill({ id: encodeId('Endpoint', id ?? '') }));
  expect(await shown()).toEqual(of(kept, deleted));
  await db.database.api.query('update endpoint set removed_through = purged_through where owner_id = $1', [
    ownerId,
  ]);
  expect(await shown()).toEqual(of(kept, deleted));
  await db.database.api.query('update endpoint set deleted_at = now() where owner_id = $1 and id = $2', [
    ownerId,
    deleted,
  ]);
  expect(await shown()).toEqual(of(kept));
});
