import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { encodeCursor } from '../../src/db/keyset.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { openDatabase } from '../../src/db/pool.ts';
import type { DeliveryFilter } from '../../src/deliveries/filter.ts';
import { listDeliveries } from '../../src/deliveries/list-deliveries.ts';
import { firstUuidAt } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { readEndpointStats, readOwnerStats } from '../../src/statistics/stats.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import type { Tables } from '../../src/tables.ts';
import { seedOwner } from '../support/deliveries.ts';
import { createDatabase, executionMs } from './databases.ts';

/**
 * `npm run bench:lists` compares the cost of lists and statistics over 1,000,000 deliveries with that over 10,000.
 * Each set is in its own database on one server. It measures the server's time (EXPLAIN ANALYZE), as the median of 20
 * runs that take turns. A ratio above 1.5 fails.
 *
 * Both sets have the same day, the same endpoints and the same number of unfinished deliveries. Only the length of
 * the history differs.
 */
const sizes = { small: 10_000, large: 1_000_000 };
const runs = 20;
const highestRatio = 1.5;
const endpoints = 4;
const inFlight = 200;
const pageSize = 20;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const retentionDays = 30;

const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
const postgres = await startEmbeddedPostgres({ dir });
const now = Date.now();
const small = await prepare(sizes.small);
const large = await prepare(sizes.large);

let worst = 0;
const names = Object.keys(small.queries);
for (const name of names) {
  const times = { small: [] as number[], large: [] as number[] };
  for (let run = 0; run < runs + 3; run += 1) {
    const [a, b] = [await small.time(name), await large.time(name)];
    if (run < 3) continue; // Warms up the caches.
    times.small.push(a);
    times.large.push(b);
  }
  const [a, b] = [median(times.small), median(times.large)];
  const ratio = b / a;
  worst = Math.max(worst, ratio);
  console.log(
    `${name.padEnd(34)} ${a.toFixed(2).padStart(8)} ms ${b.toFixed(2).padStart(8)} ms   x ${ratio.toFixed(2)}`,
  );
}
console.log(
  `rows                               ${sizes.small}        ${sizes.large}     at most x ${highestRatio}`,
);
await small.close();
await large.close();
await postgres.stop();
rmSync(dir, { recursive: true, force: true });
if (worst > highestRatio) process.exitCode = 1;

/** A database with this many deliveries of one owner, and the statements that the program sends to it. */
async function prepare(rows: number) {
  const url = await createDatabase(postgres.url, `rows_${rows}`);
  await migrate(url);
  const database = openDatabase({
    url,
    logger: createLogger('warn'),
    prepared: true,
    engineConnections: 1,
    apiConnections: 2,
  });
  for (let day = retentionDays; day >= 0; day -= 7) {
    await createPartitions(database.api, partitionedTables, now - day * dayMs);
  }
  const { ownerId, endpointIds } = await seedOwner(database, { endpoints });
  await seedHistory(url, { ownerId, endpointIds, rows });

  const sent: CompiledQuery[] = [];
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: database.api }),
    log: ({ query }) => void sent.push(query),
  });
  const statementsOf = async (act: () => Promise<unknown>): Promise<readonly CompiledQuery[]> => {
    sent.length = 0;
    await act();
    return [...sent];
  };

  // Page 20,000 of the large set, and a page equally deep in the small one.
  const depth = Math.floor((20_000 * pageSize * rows) / sizes.large);
  const { rows: deep } = await database.api.query<{ id: string }>(
    'select id from delivery where owner_id = $1 order by id desc offset $2 limit 1',
    [ownerId, depth],
  );
  const [endpointId = ''] = endpointIds;
  const filter: DeliveryFilter = {
    status: ['FAILED'],
    eventType: ['type.3'],
    createdAfter: new Date(now - 18 * hourMs),
    createdBefore: new Date(now - 2 * hourMs),
  };
  const window = { since: new Date(now - dayMs + 12_345), until: new Date(now - 12_345) };
  const list = (first: { after?: string; filter?: DeliveryFilter }) =>
    statementsOf(() =>
      listDeliveries(db, ownerId, {
        page: { first: pageSize, after: first.after },
        filter: first.filter,
      }),
    );
  const queries: Record<string, readonly CompiledQuery[]> = {
    'page 1': await list({}),
    'page 20,000 by cursor': await list({
      after: encodeCursor({ kind: 'Delivery', ownerId }, deep[0]?.id ?? ''),
    }),
    status: await list({ filter: { status: ['FAILED', 'DEAD_LETTER'] } }),
    'status, what waits': await list({ filter: { status: ['PENDING', 'RETRYING'] } }),
    'status, type and window': await list({ filter }),
    'text in an error, none has it': await list({ filter: { errorContains: 'nothing like it' } }),
    'stats of an endpoint, 24 h': await statementsOf(() =>
      readEndpointStats(db, ownerId, { endpointIds: [endpointId], window }),
    ),
    'stats of the owner, 24 h': await statementsOf(() => readOwnerStats(db, ownerId, window)),
  };
  return {
    queries,
    /** The server's time for all statements of the list, in milliseconds. */
    time: (name: string) => executionMs(database.api, queries[name] ?? []),
    async close() {
      await database.close();
    },
  };
}

/** Deliveries spread evenly over a day. Eight of ten succeeded. The newest are unfinished. */
async function seedHistory(
  url: string,
  { ownerId, endpointIds, rows }: { ownerId: string; endpointIds: readonly string[]; rows: number },
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('set timezone = utc');
  await client.query(
    `insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, failure_reason,
                           attempt_count, max_attempts, updated_at, completed_at, tenant_id)
     select $1, id, ($2::uuid[])[1 + n % ${endpoints}], id, 'type.' || (n / 10) % 10, 'EVENT', status,
            case status when 'FAILED' then 'CANCELLED' when 'DEAD_LETTER' then 'RETRIES_EXHAUSTED' end, 1, 10, at,
            case when status <> 'PENDING' then at end, $1
       from (
         select n, at,
                (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
                  || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as id,
                case when n > $4 - ${inFlight} then 'PENDING' when n % 10 = 3 then 'FAILED'
                     when n % 10 = 7 then 'DEAD_LETTER' else 'SUCCEEDED' end as status
           from (select n, to_timestamp($3::float8) + n * (interval '24 hours' / $4) as at
                   from generate_series(1, $4::integer) n) series
       ) made`,
    [ownerId, endpointIds, (now - dayMs) / 1000, rows],
  );
  await client.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at, response_status, error)
     select owner_id, id, 1, case when status = 'SUCCEEDED' then 'SUCCEEDED' else 'HTTP_ERROR' end, updated_at,
            case when status = 'SUCCEEDED' then 200 else 500 end,
            case when status <> 'SUCCEEDED' then 'The receiver answered with status 500.' end
       from delivery where owner_id = $1 and status <> 'PENDING'`,
    [ownerId],
  );
  await client.query(
    `insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
     select owner_id, id, 0, endpoint_id, event_id, now(), status, 10, kind
       from delivery where owner_id = $1 and status = 'PENDING' and id > $2`,
    [ownerId, firstUuidAt(0)],
  );
  await client.query(
    `insert into endpoint_stat (owner_id, endpoint_id, minute, succeeded, failed, last_success_at, last_failure_at)
     select owner_id, endpoint_id, minute_of(id), count(*) filter (where status = 'SUCCEEDED'),
            count(*) filter (where status <> 'SUCCEEDED'), max(completed_at) filter (where status = 'SUCCEEDED'),
            max(completed_at) filter (where status <> 'SUCCEEDED')
       from delivery where status <> 'PENDING' group by 1, 2, 3`,
  );
  await client.query(
    `insert into endpoint_latency (owner_id, endpoint_id, hour, bucket, attempts)
     select $1, endpoint_id, to_timestamp($3::float8) + hour * interval '1 hour', bucket, $4::integer / 5000
       from unnest($2::uuid[]) endpoint_id, generate_series(0, 24) hour, generate_series(100, 150) bucket`,
    [ownerId, endpointIds, Math.floor((now - dayMs) / hourMs) * 3_600, rows],
  );
  await client.query('vacuum analyze');
  await client.end();
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
