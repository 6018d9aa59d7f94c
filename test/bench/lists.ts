import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { encodeCursor } from '../../src/db/keyset.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { openDatabase } from '../../src/db/pool.ts';
import type { DeliveryFilter } from '../../src/deliveries/filter.ts';
import { listDeliveries } from '../../src/deliveries/list-deliveries.ts';
import { claim } from '../../src/engine/claim.ts';
import { encodeId, firstUuidAt, mintUuid } from '../../src/ids.ts';
import { Lane } from '../../src/lanes/lane.ts';
import { createLogger } from '../../src/log.ts';
import { readEndpointStats, readOwnerStats } from '../../src/statistics/stats.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import type { Tables } from '../../src/tables.ts';
import { seedOwner } from '../support/deliveries.ts';
import { createDatabase, executionMs } from './databases.ts';
import { median, shown } from './rounds.ts';

/**
 * `npm run bench:lists` compares the cost of lists, statistics and claims over 1,000,000 deliveries with that over
 * 10,000. `npm run bench:scale` compares 10,000 and 1,000,000 with 100,000, and with `--largest` 10,000,000, too, which
 * takes a quarter of an hour and 12 GB of disk. Each set is in its own database on one server. It measures the server's
 * time (EXPLAIN ANALYZE), as the median of 20 runs that take turns. A ratio above 1.5 fails. `--rounds 3` measures three
 * times and prints the median and the range of the ratios, too.
 *
 * All sets have the same day, the same endpoints and the same number of unfinished deliveries. Only the length of the
 * history differs. A second tenant of each set has one endpoint at which a tenth as many deliveries wait, for the first
 * time all of them: the queue grows with the set.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { base: { type: 'string' }, largest: { type: 'boolean' }, rounds: { type: 'string' } },
});
const sizes = positionals.length === 0 ? [10_000, 1_000_000] : positionals.map(Number);
if (values.largest === true) sizes.push(10_000_000);
const base = Number(values.base ?? sizes[0]);
const deepestOf = Math.max(1_000_000, base);
const runs = 20;
const highestRatio = 1.5;
const endpoints = 4;
const inFlight = 200;
const pageSize = 20;
const hourMs = 3_600_000;
const claiming = 'claim of 64';
const dayMs = 24 * hourMs;
const retentionDays = 30;

const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
const postgres = await startEmbeddedPostgres({ dir, settings: ['fsync=off', 'max_wal_size=4GB'] });
const now = Date.now();
let worst = 0;
try {
  const sets = new Map<number, Awaited<ReturnType<typeof prepare>>>();
  for (const size of sizes) sets.set(size, await prepare(size));
  const rounds = Number(values.rounds ?? 1);
  const compared = Object.keys(sets.get(base)?.queries ?? {}).flatMap((name) =>
    sizes.filter((size) => size !== base).map((size) => ({ name, size, ratios: [] as number[] })),
  );
  for (let round = 0; round < rounds; round += 1) {
    console.log(
      `${'server’s time, ms'.padEnd(34)} ${sizes.map((size) => String(size).padStart(18)).join(' ')}`,
    );
    for (const name of Object.keys(sets.get(base)?.queries ?? {})) {
      const times = new Map(sizes.map((size) => [size, [] as number[]]));
      for (let run = 0; run < runs + 3; run += 1) {
        for (const [size, set] of sets) {
          const ms = await set.time(name);
          // The first runs warm up the caches.
          if (run >= 3) times.get(size)?.push(ms);
        }
      }
      const usual = median(times.get(base) ?? []);
      const cells = sizes.map((size) => {
        const ms = median(times.get(size) ?? []);
        compared.find((one) => one.name === name && one.size === size)?.ratios.push(ms / usual);
        return `${ms.toFixed(2)} ms ×${(ms / usual).toFixed(2)}`.padStart(18);
      });
      console.log(`${name.padEnd(34)} ${cells.join(' ')}`);
    }
  }
  for (const { name, size, ratios } of compared) {
    if (size > base) worst = Math.max(worst, median(ratios));
    if (rounds > 1) console.log(`${name.padEnd(34)} ${size} / ${base}   ×${shown(ratios, 2)}`);
  }
  console.log(`at most × ${highestRatio}`);
  for (const set of sets.values()) await set.close();
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
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
  const waiting = await seedOwner(database, { endpoints: 1 });
  const began = performance.now();
  await seedHistory(url, { ownerId, endpointIds, rows });
  await seedQueue(url, { ...waiting, rows: rows / 10 });
  console.log(`${rows} rows made in ${Math.round((performance.now() - began) / 1000)} s`);

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

  // Page 20,000 of the largest set, and a page equally deep in the others.
  const depth = Math.floor((20_000 * pageSize * rows) / Math.max(...sizes, deepestOf));
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
  const [queued = ''] = waiting.endpointIds;
  const workerId = mintUuid();
  await database.api.query(
    "update shard_lease set holder = $1, epoch = 1, expires_at = now() + interval '1 day' where shard = 0",
    [workerId],
  );
  const lane = new Lane({ ownerId: waiting.ownerId, endpointId: queued, shard: 0 });
  const take = { lane, count: 64, epoch: 1, marks: 0, isProbe: false, aim: undefined };
  const claims: { sql: string; parameters: unknown[] }[] = [];
  const engine = {
    async query({ text, values }: { text: string; values: unknown[] }) {
      claims.push({ sql: text, parameters: values });
      return { rows: [] };
    },
  };
  await claim(Object.assign({}, database, { engine }), workerId, [take]);
  const window = { since: new Date(now - dayMs + 12_345), until: new Date(now - 12_345) };
  const list = (first: { after?: string; filter?: DeliveryFilter }, of = ownerId) =>
    statementsOf(() =>
      listDeliveries(db, of, {
        page: { first: pageSize, after: first.after },
        filter: first.filter,
      }),
    );
  const queries: Record<string, Parameters<typeof executionMs>[1]> = {
    [claiming]: claims,
    'page 1': await list({}),
    'page 20,000 by cursor': await list({
      after: encodeCursor({ kind: 'Delivery', ownerId }, deep[0]?.id ?? ''),
    }),
    status: await list({ filter: { status: ['FAILED', 'DEAD_LETTER'] } }),
    'status, what waits': await list({ filter: { status: ['PENDING', 'RETRYING'] } }),
    'one endpoint, what waits': await list(
      { filter: { status: ['PENDING', 'RETRYING'], endpointId: waiting.endpointIds.map(globalId) } },
      waiting.ownerId,
    ),
    'one endpoint, none is sent again': await list(
      { filter: { status: ['RETRYING'], endpointId: waiting.endpointIds.map(globalId) } },
      waiting.ownerId,
    ),
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
    async time(name: string) {
      // What earlier claims have left behind, which were rolled back.
      if (name === claiming) await database.api.query('vacuum due');
      return await executionMs(database.api, queries[name] ?? []);
    },
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
     select owner_id, id, 1, 'HTTP_ERROR', updated_at, 500, 'The receiver answered with status 500.'
       from delivery where owner_id = $1 and status in ('FAILED', 'DEAD_LETTER')`,
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

/** Deliveries to one endpoint that have never been tried. */
async function seedQueue(
  url: string,
  { ownerId, endpointIds, rows }: { ownerId: string; endpointIds: readonly string[]; rows: number },
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `with made as (
       insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts, tenant_id)
       select $1, (lpad(to_hex($3::bigint + n), 12, '0') || '70008000000000000000')::uuid, $2, gen_random_uuid(),
              'type.1', 'EVENT', 'PENDING', 10, $1
         from generate_series(1, $4::integer) n
       returning *)
     insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
     select owner_id, id, 0, endpoint_id, event_id, now(), status, max_attempts, kind from made`,
    [ownerId, endpointIds[0], now - rows, rows],
  );
  await client.query('vacuum analyze delivery, due');
  await client.end();
}

function globalId(uuid: string): string {
  return encodeId('Endpoint', uuid);
}
