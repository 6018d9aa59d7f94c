import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { run, statement } from '../../src/db/statement.ts';
import { createLogger } from '../../src/log.ts';
import { logTail } from '../../src/status/log-tail.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import type { Sent } from './bare-queue.ts';
import { createDatabase } from './databases.ts';

/** What is sent, as another queue keeps it in its job. */
export type Job = Readonly<{ id: string; ownerId: string; body: string }>;

type Place = Readonly<{ ownerId: string; endpointId: string }>;

/** The body of an event, as long as a usual one. */
export const usualBody = `{"type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":"${'x'.repeat(830)}"}`;

/**
 * The rows of the product, as a program would write them whose queue is another one: the status of the delivery, the
 * attempt with the headers of both directions, and the line of the owner's log, whose positions have no gaps and are in
 * the order of the commits. The rows of `due` are left out, because the other queue's jobs take their place, and so are
 * statistics.
 */
const settleStatement = statement(
  'bench_settle',
  `with x as materialized (
     select t.* from unnest($1::uuid[], $2::uuid[], $3::float8[], $4::real[], $5::integer[], $6::text[], $7::text[])
       as t(owner_id, id, started_at, duration_ms, response_status, request_headers, response_headers)
   ),
   located as materialized (
     select x.*, p.part, p.delivery_at
       from (select * from x order by owner_id, id) x
      cross join lateral (
        select d.tableoid as part, d.ctid as delivery_at from delivery d
         where d.id = x.id and (d.owner_id, d.id) >= (x.owner_id, x.id) and (d.owner_id, d.id) <= (x.owner_id, x.id)
         limit 1
           for update) p
   ),
   del as (
     update delivery d set status = 'SUCCEEDED', attempt_count = d.attempt_count + 1, next_attempt_at = null,
            updated_at = now(), completed_at = now()
       from located m
      where d.tableoid = m.part and d.ctid = m.delivery_at and d.id = m.id and d.status = 'PENDING'
     returning d.owner_id, d.id, d.endpoint_id, d.event_id, d.event_type, d.kind, d.tenant_id, d.status,
       'PENDING' as previous_status, d.failure_reason, d.attempt_count, true as is_logged, m.started_at, m.duration_ms,
       m.response_status, m.request_headers, m.response_headers
   ),
   att as (
     insert into attempt (owner_id, delivery_id, number, outcome, started_at, duration_ms, response_status,
                          response_headers, request_headers, reconnected)
     select owner_id, id, 1, 'SUCCEEDED', to_timestamp(started_at / 1000), duration_ms, response_status,
            response_headers::json, request_headers::json, false
       from del
     returning 1
   ),
   ${logTail({ writers: ['att'], expected: 'x' })}
   select ok from checked`,
);

export class ProductRows {
  readonly url: string;
  readonly #database: Database;
  readonly #places: readonly Place[];
  #made = 0;

  private constructor(url: string, database: Database, places: readonly Place[]) {
    this.url = url;
    this.#database = database;
    this.#places = places;
  }

  /** Opens a database of its own on the server, with so many owners and endpoints. */
  static async create(
    serverUrl: string,
    { owners, endpoints }: { owners: number; endpoints: number },
  ): Promise<ProductRows> {
    const url = await createDatabase(serverUrl, 'other_queues');
    await migrate(url);
    const database = openDatabase({
      ...{ url, logger: createLogger('warn'), prepared: true },
      ...{ engineConnections: 4, apiConnections: 2 },
    });
    await createPartitions(database.api, partitionedTables, Date.now());
    const places: Place[] = [];
    for (let made = 0; made < owners; made += 1) {
      const { ownerId, endpointIds } = await seedOwner(database, { endpoints });
      places.push(...endpointIds.map((endpointId) => ({ ownerId, endpointId })));
    }
    return new ProductRows(url, database, places);
  }

  /** Makes so many deliveries that wait, and returns what is to be sent. */
  async fill(count: number): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    const each = count / this.#places.length;
    for (const { ownerId, endpointId } of this.#places) {
      const made = await seedDeliveries(this.#database, ownerId, endpointId, each, usualBody);
      jobs.push(...made.map(({ id }) => ({ id, ownerId, body: usualBody })));
    }
    await this.#database.api.query('truncate due');
    this.#made += jobs.length;
    return jobs;
  }

  async settle(sent: readonly (Sent & Readonly<{ ownerId: string }>)[]): Promise<void> {
    await run(this.#database, this.#database.engine, settleStatement, [
      sent.map(({ ownerId }) => ownerId),
      sent.map(({ id }) => id),
      sent.map(({ startedAt }) => startedAt),
      sent.map(({ ms }) => ms),
      sent.map(({ status }) => status),
      sent.map(({ headers }) => listed(headers)),
      sent.map(({ answered }) => listed(answered)),
    ]);
  }

  /** Throws if anything was not recorded, or if a log has a gap. */
  async check(): Promise<void> {
    const { rows } = await this.#database.api.query<{
      ended: number;
      tried: number;
      lines: number;
      heads: number;
    }>(
      `select (select count(*) from delivery where status = 'SUCCEEDED') as ended, (select count(*) from attempt) as tried,
              (select count(distinct (owner_id, position)) from delivery_log) as lines,
              (select sum(head)::bigint from owner_log) as heads`,
    );
    const found = rows[0];
    const lines = 2 * this.#made;
    if (
      found?.ended !== this.#made ||
      found.tried !== this.#made ||
      found.lines !== lines ||
      found.heads !== lines
    )
      throw new Error(`Of ${this.#made} deliveries are recorded: ${JSON.stringify(found)}`);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

/** Headers as the product stores them. */
const listed = (headers: Readonly<Record<string, string | string[] | undefined>>): string =>
  JSON.stringify(Object.entries(headers).map(([name, value]) => ({ name, value: String(value) })));
