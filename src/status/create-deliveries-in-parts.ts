import type pg from 'pg';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import {
  creationSource,
  creationValues,
  hintDeliveries,
  hintForwards,
  type NewDeliveries,
} from './create-deliveries.ts';
import { creation } from './creation.ts';
import { logTail, statTail } from './log-tail.ts';

/**
 * What is too much for one statement, in one transaction: each part inserts its events, deliveries and due rows, all
 * of them new and so in nobody's way; the last statement counts, locks the owners' logs, appends everything and
 * commits. So the lock order is the usual one, and a log is locked only while its own lines are written, not while
 * the parts are.
 *
 * Whatever fails, at whatever line: nothing of it is stored, and the whole may be repeated with the same ids.
 *
 * The rows become due at the transaction's beginning. Workers look back as far (discover.ts); what took longer is
 * found by the scan of the minute.
 */
const partStatement = statement(
  'create_part',
  `with ${creationSource},
   ${creation}
   select ev.id, (select count(*) from del)::integer as deliveries
     from (select 1) as one left join ev on true`,
);

/** For the next statement's reading; gone with the transaction. */
const rememberStatement = statement(
  'remember_parts',
  `select set_config('heliograph.owner_ids', $1, true), set_config('heliograph.event_ids', $2, true),
          set_config('heliograph.oldest_id', $3, true), set_config('heliograph.deliveries', $4, true)`,
);

/**
 * Append and commit in one round trip: a process that is paused between the two would freeze the owner. Several
 * statements in one message have no parameters; what they would be was remembered before.
 */
const appendAndCommit = `with created as materialized (
     select * from unnest(current_setting('heliograph.owner_ids')::uuid[],
                          current_setting('heliograph.event_ids')::uuid[]) as c(owner_id, event_id)
   ),
   x as (
     select from generate_series(1, current_setting('heliograph.deliveries')::integer)
   ),
   del as materialized (
     select d.owner_id, d.id, d.endpoint_id, d.event_id, d.event_type, d.kind, d.tenant_id, d.status,
            d.failure_reason, null::text as previous_status, 0 as attempt_count, null::integer as response_status,
            true as is_logged
       from created c
       join delivery d on d.owner_id = c.owner_id and d.event_id = c.event_id
        and d.id >= current_setting('heliograph.oldest_id')::uuid
   ),
   ${statTail},
   ${logTail({ writers: ['stat'], expected: 'x' })}
   select ok from checked;
   commit`;

/** 100,000 lines of a log took under a second on two cores. */
const appendTimeoutMs = 20_000;

/** Returns the ids of the events that are new. Each event stands in one part, together with its deliveries. */
export async function createDeliveriesInParts(
  db: Database,
  parts: readonly NewDeliveries[],
): Promise<ReadonlySet<string>> {
  const client = await db.engine.connect();
  let stored: ReadonlySet<string>;
  try {
    await client.query('begin');
    stored = await createWithin(db, client, parts);
    client.release();
  } catch (error) {
    // Closed, not rolled back: it may be the connection that failed.
    client.release(true);
    throw error;
  }
  hintDeliveries(
    db,
    parts.flatMap(({ deliveries }) => deliveries),
  );
  hintForwards(
    db,
    parts.flatMap(({ forwards = [] }) => forwards),
  );
  return stored;
}

async function createWithin(
  db: Database,
  client: pg.PoolClient,
  parts: readonly NewDeliveries[],
): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  let deliveries = 0;
  for (const part of parts) {
    const rows = await run<{ id: string | null; deliveries: number }>(
      db,
      client,
      partStatement,
      creationValues(part),
    );
    for (const { id } of rows) if (id !== null) stored.add(id);
    deliveries += rows[0]?.deliveries ?? 0;
  }
  if (deliveries === 0) {
    await client.query('commit');
    return stored;
  }
  const events = parts.flatMap((part) => part.events).filter(({ id }) => stored.has(id));
  await run(db, client, rememberStatement, [
    `{${events.map(({ ownerId }) => ownerId).join(',')}}`,
    `{${events.map(({ id }) => id).join(',')}}`,
    oldest(parts),
    String(deliveries),
  ]);
  await client.query(`set local statement_timeout = ${appendTimeoutMs}`);
  const append = { text: appendAndCommit, query_timeout: appendTimeoutMs + 2_000 };
  await client.query(append);
  return stored;
}

/** Ids are in the order of their making: which partitions are looked at goes by the first. */
function oldest(parts: readonly NewDeliveries[]): string {
  let first = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  for (const { deliveries } of parts) for (const { id } of deliveries) if (id < first) first = id;
  return first;
}
