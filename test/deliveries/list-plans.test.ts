import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseNow } from '../../src/clock.ts';
import { encodeCursor, type PageArgs, pageRange } from '../../src/db/keyset.ts';
import type { DeliveryFilter } from '../../src/deliveries/filter.ts';
import { listDeliveries, listDeliveriesOf } from '../../src/deliveries/list-deliveries.ts';
import { readPlainPage } from '../../src/deliveries/plain-page.ts';
import type { DeliveryScope } from '../../src/deliveries/scope.ts';
import { encodeId } from '../../src/ids.ts';
import { countDeliveries } from '../../src/statistics/count-deliveries.ts';
import type { Tables } from '../../src/tables.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';

/** The exact statements of the lists, and the rows that the server reads for them. */
const rows = 24_000;
const endpoints = 12;
const hourMs = 3_600_000;

let db: TestDatabase;
let listing: Kysely<Tables>;
let ownerId: string;
let endpointIds: string[];
let middle: string;
let event: string;
const sent: CompiledQuery[] = [];
const newest = databaseNow();

beforeAll(async () => {
  db = await createTestDatabase();
  listing = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: db.database.api }),
    log: ({ query }) => void sent.push(query),
  });
  const owner = await seedOwner(db.database, { endpoints });
  ({ ownerId, endpointIds } = owner);
  // Six hours of deliveries. 3 of 100 failed; 1 of 100 is a replay, is replayed or belongs to another tenant's event.
  await db.database.api.query(
    `insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, failure_reason, replay_of,
                           replayed_at, max_attempts, tenant_id)
     select $1, id, ($2::uuid[])[1 + n % ${endpoints}], md5((n / 3)::text)::uuid, 'type.' || n % 7,
            case when n % 100 = 51 then 'REPLAY' else 'EVENT' end,
            case when n % 100 = 17 then 'FAILED' when n % 50 = 9 then 'DEAD_LETTER' else 'SUCCEEDED' end,
            case when n % 100 = 17 then 'CANCELLED' when n % 50 = 9 then 'RETRIES_EXHAUSTED' end,
            case when n % 100 = 51 then lag(id, 50) over (order by n) end,
            case when n % 100 = 1 then now() end, 3,
            case when n % 100 = 77 then md5((n / 1000)::text)::uuid else $1 end
       from (select n, (lpad(to_hex($3::bigint - n * 900), 12, '0') || '7' || substr(md5(n::text), 1, 3)
                        || '8' || substr(md5(n::text), 4, 15))::uuid as id
               from generate_series(1, $4::integer) n) made`,
    [ownerId, endpointIds, newest, rows],
  );
  const found = await db.database.api.query<{ id: string; event_id: string }>(
    'select id, event_id from delivery where owner_id = $1 order by id offset $2 limit 1',
    [ownerId, rows / 2],
  );
  middle = found.rows[0]?.id ?? '';
  event = found.rows[0]?.event_id ?? '';
});
afterAll(() => db.drop());

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
};

/** How a statement, by default the last, read `delivery`: the indexes, the number of rows, and how it scanned. */
async function planOfLast(query = sent.at(-1), table = 'delivery_') {
  const { rows: plans } = await db.database.api.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, timing off, format json) ${query?.sql}`,
    [...(query?.parameters ?? [])],
  );
  const plan = plans[0]?.['QUERY PLAN'][0].Plan;
  const nodes = plan === undefined ? [] : [...nodesOf(plan)];
  const scans = nodes.filter((node) => node['Relation Name']?.startsWith(table));
  const touched = scans.filter((node) => readBy(node) > 0);
  return {
    // A partition's index is named after the partition and the columns, but we know it by the parent's name.
    indexes: [
      ...new Set(await Promise.all(touched.map((node) => parentOf(node['Index Name'] ?? '')))),
    ].sort(),
    read: scans.reduce((sum, node) => sum + readBy(node), 0),
    types: new Set(scans.map((node) => node['Node Type'])),
  };
}

function* nodesOf(plan: Plan): Generator<Plan> {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodesOf(child);
}

const readBy = (node: Plan) =>
  (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];

async function parentOf(index: string): Promise<string> {
  const { rows: parents } = await db.database.api.query<{ name: string }>(
    `select parent.relname as name from pg_inherits
       join pg_class parent on parent.oid = inhparent join pg_class child on child.oid = inhrelid
      where child.relname = $1`,
    [index],
  );
  return parents[0]?.name ?? index;
}

async function list(page: PageArgs, filter: DeliveryFilter = {}) {
  const found = await listDeliveries(listing, ownerId, { page, filter });
  return { shown: found.rows.length, ...(await planOfLast()) };
}

async function listOf(scope: DeliveryScope, page: PageArgs, filter: DeliveryFilter = {}) {
  const range = pageRange(page, { kind: 'Delivery', ownerId });
  const found = await listDeliveriesOf(listing, ownerId, { scope, range, filter });
  const shown = [...found.values()].reduce((sum, { rows: shownRows }) => sum + shownRows.length, 0);
  return { shown, ...(await planOfLast()) };
}

const endpoint = (index: number) => encodeId('Endpoint', endpointIds[index] ?? '');
const windowed = {
  createdAfter: new Date(newest - 5 * hourMs),
  createdBefore: new Date(newest - hourMs),
};

const filters: [name: string, index: string, filter: () => DeliveryFilter, lists?: number][] = [
  ['nothing', 'delivery_pkey', () => ({})],
  ['a window', 'delivery_pkey', () => windowed],
  ['a status', 'delivery_failed', () => ({ status: ['FAILED'] })],
  ['two statuses', 'delivery_failed', () => ({ status: ['FAILED', 'DEAD_LETTER'] }), 2],
  ['a status twice', 'delivery_failed', () => ({ status: ['FAILED', 'FAILED'] })],
  ['status and type', 'delivery_failed', () => ({ status: ['FAILED'], eventType: ['type.3'] })],
  [
    'status, type and window',
    'delivery_failed',
    () => ({ status: ['FAILED', 'DEAD_LETTER'], eventType: ['type.3', 'type.4'], ...windowed }),
    4,
  ],
  ['an event', 'delivery_event', () => ({ eventId: [encodeId('Event', event)] })],
  ['an event type', 'delivery_type', () => ({ eventType: ['type.2'] })],
  ['event types', 'delivery_type', () => ({ eventType: ['type.2', 'type.5'], ...windowed }), 2],
  ['an endpoint', 'delivery_endpoint', () => ({ endpointId: [endpoint(0)] })],
  ['endpoints', 'delivery_endpoint', () => ({ endpointId: [endpoint(0), endpoint(2)] }), 2],
  [
    'endpoints and statuses',
    'delivery_endpoint_failed',
    () => ({ endpointId: [endpoint(0), endpoint(1)], status: ['FAILED', 'DEAD_LETTER'] }),
    4,
  ],
  [
    'an endpoint and a type',
    'delivery_endpoint',
    () => ({ endpointId: [endpoint(1)], eventType: ['type.6'] }),
  ],
  [
    'endpoints and types',
    'delivery_endpoint',
    () => ({ endpointId: [endpoint(1), endpoint(2)], eventType: ['type.6', 'type.2'] }),
    4,
  ],
  ['a rare kind', 'delivery_kind', () => ({ kind: ['REPLAY'] })],
  ['what was replayed', 'delivery_replayed', () => ({ isReplayed: true })],
];

const pages = (): [name: string, page: PageArgs][] => [
  ['first', { first: 10 }],
  ['after a cursor', { first: 10, after: encodeCursor({ kind: 'Delivery', ownerId }, middle) }],
  ['last', { last: 10 }],
  ['before a cursor', { last: 10, before: encodeCursor({ kind: 'Delivery', ownerId }, middle) }],
];

test.each(filters)(
  'a list by %s reads its page and one row more, by %s',
  async (_name, index, filter, lists = 1) => {
    await db.database.api.query('analyze');
    for (const [name, page] of pages()) {
      const found = await list(page, filter());
      // Merged lists begin with one row each.
      expect.soft(found.read, name).toBeLessThanOrEqual(10 + lists);
      if (found.shown > 0) expect.soft(found.indexes, name).toEqual([index]);
    }
  },
);

test('an app’s list by a tenant whose events it took reads its page and one row more', async () => {
  await db.database.api.query('analyze');
  const [tenantId] = await tenants();
  await db.database.api.query(
    'insert into tenant (id, external_id, name) values ($1::uuid, $1::text, $1::text)',
    [tenantId],
  );
  for (const [name, page] of pages()) {
    const found = await list(page, { tenant: [tenantId ?? ''] });
    expect.soft(found.read, name).toBeLessThanOrEqual(11);
    if (found.shown > 0) expect.soft(found.indexes, name).toEqual(['delivery_tenant']);
  }
});

test('endpoints of a list are read together, each its page and one row more', async () => {
  await db.database.api.query('analyze');
  const scope = { column: 'endpoint_id', ids: endpointIds } as const;
  for (const [name, page] of pages()) {
    const found = await listOf(scope, page);
    expect.soft(found.read, name).toBeLessThanOrEqual(endpoints * 11);
    expect.soft(found).toMatchObject({ shown: endpoints * 10, indexes: ['delivery_endpoint'] });
    const failed = await listOf(scope, page, { status: ['FAILED', 'DEAD_LETTER'] });
    expect.soft(failed.read, name).toBeLessThanOrEqual(endpoints * 12);
    expect.soft(failed.indexes).toEqual(['delivery_endpoint_failed']);
  }
});

test('what has not ended is read from the queue, a page and one row more', async () => {
  // 600 that wait, spread over the endpoints; 1 of 60 is sent again or is being sent.
  await db.database.api.query(
    `with made as (
       insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts, tenant_id)
       select $1, (lpad(to_hex($3::bigint + n), 12, '0') || '70008000000000000000')::uuid,
              ($2::uuid[])[1 + n % ${endpoints}], gen_random_uuid(), 'type.' || n % 7, 'EVENT',
              case when n % 60 = 1 then 'RETRYING' when n % 60 = 2 then 'DELIVERING' else 'PENDING' end, 3, $1
         from generate_series(1, 600) n
       returning *)
     insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
     select owner_id, id, 0, endpoint_id, event_id, now(), status, 3, kind from made`,
    [ownerId, endpointIds, newest],
  );
  const of: [index: string, filter: DeliveryFilter, shown: number, lists: number][] = [
    ['due_status', { status: ['PENDING'] }, 10, 1],
    ['due_status', { status: ['RETRYING'] }, 10, 1],
    ['due_status', { status: ['RETRYING', 'DELIVERING'] }, 10, 2],
    ['due_endpoint_status', { status: ['PENDING'], endpointId: [endpoint(3)] }, 10, 1],
    // None of this endpoint's is sent again: its queue is not walked to find that out.
    ['due_endpoint_status', { status: ['RETRYING'], endpointId: [endpoint(3)] }, 0, 1],
    ['due_endpoint_status', { status: ['PENDING', 'RETRYING'], endpointId: [endpoint(3)] }, 10, 2],
  ];
  for (const analyzed of [false, true]) {
    if (analyzed) await db.database.api.query('analyze');
    for (const [index, filter, shown, lists] of of) {
      const found = await list({ first: 10 }, filter);
      expect.soft(found.shown, index).toBe(shown);
      // Only the shown rows of each list are looked up.
      expect.soft(found.read, index).toBeLessThanOrEqual(11 * lists);
      const queue = await planOfLast(sent.at(-1), 'due');
      expect.soft(queue.indexes).toEqual(shown === 0 ? [] : [index]);
      expect.soft(queue.read, index).toBeLessThanOrEqual(11 * lists);
    }
    const mixed = await list({ first: 10 }, { status: ['PENDING', 'FAILED'], eventType: ['type.3'] });
    expect.soft(mixed.shown).toBe(10);
    const { count } = await countDeliveries(listing, ownerId, {
      filter: { status: ['RETRYING', 'DELIVERING'] },
      limit: 100,
    });
    expect.soft(count).toBe(20);
    expect.soft((await planOfLast(sent.at(-1), 'due')).read).toBe(20);
    const both = { status: ['PENDING', 'FAILED'], endpointId: [endpoint(3)] } as const;
    const { rows } = await db.database.api.query<{ n: number }>(
      `select count(*)::integer as n from delivery
        where owner_id = $1 and endpoint_id = $2 and status in ('PENDING', 'FAILED')`,
      [ownerId, endpointIds[3]],
    );
    expect(await countDeliveries(listing, ownerId, { filter: both, limit: 1_000 })).toMatchObject({
      count: rows[0]?.n,
    });
  }
  await db.database.api.query('delete from due');
  await db.database.api.query("delete from delivery where status in ('PENDING', 'RETRYING', 'DELIVERING')");
});

test('a search reads the deliveries in chunks of an ordered list, and their attempts by key', async () => {
  await db.database.api.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at, response_status, error)
     select owner_id, id, n, 'HTTP_ERROR', now(), 500, 'The receiver answered with status 500.'
       from delivery, generate_series(1, 2) n where owner_id = $1`,
    [ownerId],
  );
  for (const analyzed of [false, true]) {
    if (analyzed) await db.database.api.query('analyze');
    sent.length = 0;
    await listDeliveries(listing, ownerId, { page: {}, filter: { errorContains: 'not there' } });
    const [lists, lookups] = ['select "d".', 'select distinct a.'].map((begin) =>
      sent.filter(({ sql }) =>
        sql
          .replace(/^-- \w+\n/, '')
          .trimStart()
          .startsWith(begin),
      ),
    );
    expect(lists?.length).toBe(lookups?.length);
    let read = 0;
    for (const query of lists ?? []) read += (await planOfLast(query)).read;
    expect.soft(read).toBe(10_000);
    for (const query of lookups ?? []) {
      const found = await planOfLast(query, 'attempt_');
      expect.soft(found.read).toBeLessThanOrEqual(2_000);
      expect.soft(found.indexes).toEqual(['attempt_pkey']);
    }
  }
});

const asked = { delivery: new Map(), endpoint: new Map([['url', []]]) };
const plain = (page: PageArgs) =>
  readPlainPage(listing, ownerId, { range: pageRange(page, { kind: 'Delivery', ownerId }), asked });

test('a page without a filter reads its rows from the primary key, and then their endpoints', async () => {
  for (const [name, page] of pages()) {
    const found = await plain(page);
    expect.soft(found?.rows, name).toHaveLength(11);
    expect
      .soft(await planOfLast(), name)
      .toMatchObject({ indexes: ['delivery_pkey'], read: 11, types: new Set(['Index Scan']) });
  }
});

// This must be the last test, because it purges.
test('what is purged and not yet removed is not walked over', async () => {
  await db.database.api.query('analyze');
  // None of the deliveries with even numbers has failed.
  const kept = endpointIds[1] ?? '';
  const purged = endpointIds.filter((id) => id !== kept);
  const endpointId = purged.map((id) => encodeId('Endpoint', id));
  await db.database.api.query(
    `update endpoint set purged_through = (select max(id::text)::uuid from delivery)
      where owner_id = $1 and id = any($2)`,
    [ownerId, purged],
  );
  for (const [name, page] of pages()) {
    expect.soft(await plain(page), name).toBeUndefined();
    expect.soft((await planOfLast()).read, name).toBe(0);
    const left = await list(page);
    expect.soft(left.shown, name).toBe(10);
    // The plan shows the mean over the endpoints, before PostgreSQL 18 as a whole number. So rounding may add one row.
    expect.soft(left.read, name).toBeLessThanOrEqual(endpoints + 1);
    const found = await listDeliveries(listing, ownerId, { page });
    expect.soft(new Set(found.rows.map(({ endpoint_id }) => endpoint_id)), name).toEqual(new Set([kept]));
    const failed = await list(page, { status: ['FAILED', 'DEAD_LETTER'] });
    expect.soft(failed.shown, name).toBe(10);
    expect.soft(failed.read, name).toBeLessThanOrEqual(endpoints + 1);
    expect.soft(await list(page, { endpointId }), name).toMatchObject({ shown: 0, read: 0 });
  }
  expect(await countDeliveries(listing, ownerId, { filter: { endpointId }, limit: 100 })).toEqual({
    count: 0,
    isCapped: false,
  });
  expect((await planOfLast()).read).toBe(0);
});

async function tenants(): Promise<string[]> {
  const found = await db.database.api.query<{ tenant_id: string }>(
    'select tenant_id from delivery where owner_id = $1 and tenant_id <> owner_id group by 1 order by count(*) desc',
    [ownerId],
  );
  return found.rows.map(({ tenant_id }) => tenant_id);
}

test('the plan of a page is kept for all calls, however many deliveries there are', async () => {
  const page = () => listDeliveries(db.database.query, ownerId, { page: { first: 10 } });
  for (let turn = 0; turn < 12; turn += 1) await page();
  const { rows } = await db.database.api.query<{ generic: number }>(
    `select sum(generic_plans)::integer as generic from pg_prepared_statements where statement like '-- heliograph_deliveries%'`,
  );
  expect(rows[0]?.generic).toBeGreaterThan(0);
});
