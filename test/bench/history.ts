import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { dayMs } from '../../src/clock.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { listDeliveries } from '../../src/deliveries/list-deliveries.ts';
import { firstUuidAt } from '../../src/ids.ts';
import { dropExpired } from '../../src/jobs/retention.ts';
import { readPage } from '../../src/live/read-log.ts';
import { createLogger } from '../../src/log.ts';
import { readOwnerStats } from '../../src/statistics/stats.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import type { Tables } from '../../src/tables.ts';
import { seedOwner } from '../support/deliveries.ts';
import { createDatabase, executionMs } from './databases.ts';

/**
 * `npm run bench:history`: what thirty days of history cost, against one day of it. Each day has 33,334 deliveries of one
 * owner, with an attempt and a line of the log each: 3,000,000 rows in all. Days are generated, each with its own time.
 * It measures lists, statistics and the log as the server's time, what a day of retention takes, and what the busy small
 * tables need from VACUUM. A list or statistic that takes more than three times as long, and over two milliseconds, fails.
 */
const deliveriesOfDay = 33_334;
const retentionDays = 30;
const runs = 15;
const highestRatio = 3;
const shortestMs = 2;
const today = Math.floor(Date.now() / dayMs) * dayMs;

const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
const postgres = await startEmbeddedPostgres({ dir, settings: ['fsync=off'] });
let worst = 0;
try {
  const day = await prepare(1);
  const month = await prepare(retentionDays + 1);
  console.log(`${'server’s time, ms'.padEnd(40)} ${'1 day'.padStart(9)} ${'30 days'.padStart(9)}`);
  for (const name of Object.keys(day.queries)) {
    const times: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      times[0].push(await day.time(name));
      times[1].push(await month.time(name));
    }
    report(name, median(times[0]), median(times[1]));
  }
  report('VACUUM of due and owner_log', await day.vacuum(), await month.vacuum(), false);
  // The first run removes the empty partitions before the first day.
  await month.retain();
  report('retention, with nothing to drop', await day.retain(), await month.retain(), false);
  report('retention of a day', Number.NaN, await month.retain(1), false);
  await day.close();
  await month.close();
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = worst > highestRatio ? 1 : 0;

function report(name: string, one: number, many: number, counts = true): void {
  const ratio = many / one;
  if (counts && many > shortestMs) worst = Math.max(worst, ratio);
  const shown = Number.isNaN(ratio) ? '' : `x ${ratio.toFixed(2)}`;
  console.log(`${name.padEnd(40)} ${one.toFixed(2).padStart(9)} ${many.toFixed(2).padStart(9)}   ${shown}`);
}

async function prepare(days: number) {
  const url = await createDatabase(postgres.url, `days_${days}`);
  await migrate(url);
  const options = { logger: createLogger('warn'), prepared: true, engineConnections: 1, apiConnections: 2 };
  const database = openDatabase({ url, ...options });
  for (let back = days - 1; back >= 0; back -= 1)
    await createPartitions(database.api, partitionedTables, today - back * dayMs);
  const { ownerId, endpointIds } = await seedOwner(database, { endpoints: 4 });
  const began = performance.now();
  for (let back = days - 1; back >= 0; back -= 1)
    await seedDay(database.api, { ownerId, endpointIds, at: today - back * dayMs, day: days - 1 - back });
  await database.api.query('update owner_log set head = $1, at = now()', [days * deliveriesOfDay]);
  await database.api.query('vacuum analyze');
  console.log(`${days} days made in ${Math.round((performance.now() - began) / 1000)} s`);

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
  const page = (filter?: Parameters<typeof listDeliveries>[2]['filter']) =>
    statementsOf(() => listDeliveries(db, ownerId, { page: { first: 20 }, filter }));
  const window = { since: new Date(today), until: new Date(today + dayMs) };
  const queries: Record<string, readonly CompiledQuery[]> = {
    'list, the first page': await page(),
    'list, what has failed': await page({ status: ['FAILED', 'DEAD_LETTER'] }),
    'list, one event type': await page({ eventType: ['type.3'] }),
    'statistics of the owner, 24 h': await statementsOf(() => readOwnerStats(db, ownerId, window)),
  };
  const head = days * deliveriesOfDay;
  return {
    queries: { ...queries, 'log, the newest 100 (all of it)': [] },
    /** The server's time for the statements of a list; for the log, the time that a reader waits. */
    async time(name: string): Promise<number> {
      const statements = queries[name];
      if (statements === undefined) {
        const from = performance.now();
        await readPage(database, ownerId, {
          point: { position: head - 100, since: new Date(today) },
          limit: 100,
        });
        return performance.now() - from;
      }
      return await executionMs(database.api, statements);
    },
    async vacuum(): Promise<number> {
      const from = performance.now();
      await database.api.query('vacuum due, owner_log');
      return performance.now() - from;
    },
    /** One run of retention, at a time when so many days have just passed it. */
    async retain(expired = 0): Promise<number> {
      const from = performance.now();
      const now = today + expired * dayMs;
      await dropExpired(database, { retentionDays, now });
      return performance.now() - from;
    },
    close: () => database.close(),
  };
}

/** The deliveries of a day, spread evenly over it, with their attempts, their last lines of the log, and statistics. */
async function seedDay(
  pool: pg.Pool,
  {
    ownerId,
    endpointIds,
    at,
    day,
  }: { ownerId: string; endpointIds: readonly string[]; at: number; day: number },
): Promise<void> {
  const range = [ownerId, firstUuidAt(at), firstUuidAt(at + dayMs)];
  await pool.query(
    `insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, failure_reason,
                           attempt_count, max_attempts, updated_at, completed_at, tenant_id)
     select $1, id, ($2::uuid[])[1 + n % 4], id, 'type.' || (n / 10) % 10, 'EVENT', status,
            case status when 'FAILED' then 'CANCELLED' when 'DEAD_LETTER' then 'RETRIES_EXHAUSTED' end, 1, 10, at, at, $1
       from (
         select n, at,
                (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
                  || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as id,
                case when n % 50 = 3 then 'FAILED' when n % 50 = 7 then 'DEAD_LETTER' else 'SUCCEEDED' end as status
           from (select n, to_timestamp($3::float8) + (n - 1) * (interval '24 hours' / $4) as at
                   from generate_series(1, $4::integer) n) series
       ) made`,
    [ownerId, endpointIds, at / 1000, deliveriesOfDay],
  );
  await pool.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at, duration_ms, response_status)
     select owner_id, id, 1, case when status = 'SUCCEEDED' then 'SUCCEEDED' else 'HTTP_STATUS' end, updated_at, 12,
            case when status = 'SUCCEEDED' then 204 else 500 end
       from delivery where owner_id = $1 and id >= $2 and id < $3`,
    range,
  );
  await pool.query(
    `insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                               tenant_id, status, previous_status, attempt_number)
     select owner_id, $4::bigint + row_number() over (order by id), updated_at, id, endpoint_id, event_id, event_type, kind,
            tenant_id, status, 'PENDING', 1
       from delivery where owner_id = $1 and id >= $2 and id < $3`,
    [...range, day * deliveriesOfDay],
  );
  await pool.query(
    `insert into endpoint_stat (owner_id, endpoint_id, minute, succeeded, failed, last_success_at)
     select owner_id, endpoint_id, minute_of(id), count(*) filter (where status = 'SUCCEEDED'),
            count(*) filter (where status <> 'SUCCEEDED'), max(completed_at)
       from delivery where owner_id = $1 and id >= $2 and id < $3 group by 1, 2, 3`,
    range,
  );
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
