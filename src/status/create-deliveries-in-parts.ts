import type pg from 'pg';
import { engineTimeoutMs } from '../db/direct-client.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { RequestError } from '../errors.ts';
import { highestUuid } from '../ids.ts';
import {
  creationOwners,
  creationSource,
  creationValues,
  hintWords,
  type NewDeliveries,
  type Preconditions,
  strictEndpoints,
} from './create-deliveries.ts';
import { creation } from './creation.ts';
import { logTail, statTail } from './log-tail.ts';

/**
 * Stores in one transaction what is too much for one statement. Each part inserts its events, deliveries and due
 * rows, which are new and therefore block nobody. The last statement counts them, locks the owners' logs, appends
 * everything and commits. So the lock order is the usual one, and a log is locked only while its own lines are
 * written.
 *
 * If any line fails, nothing is stored, and everything may be repeated with the same ids.
 *
 * It ends within `openForMs` in any case. Workers rely on this limit when they search for rows that became due in an
 * older transaction (discover.ts), and purges when they treat older deliveries as committed.
 */
const partStatement = statement(
  'create_part',
  `with ${creationSource},
   ${creation}
   select ev.id, (select count(*) from del)::integer as deliveries
     from (select 1) as one left join ev on true`,
  { owners: creationOwners, returns: 'id uuid, deliveries integer' },
);

/** Kept for the next statement, and dropped with the transaction. */
const rememberStatement = statement(
  'remember_parts',
  `select set_config('heliograph.owner_ids', $1, true), set_config('heliograph.event_ids', $2, true),
          set_config('heliograph.oldest_id', $3, true), set_config('heliograph.deliveries', $4, true),
          set_config('heliograph.strict_ids', $5, true), set_config('heliograph.ceilings', $6, true)`,
);

/**
 * Appends and commits in one round trip, because a process that is paused between the two would block the owner.
 * Several statements in one message cannot have parameters, so their values were stored before.
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
   ${logTail({
     writers: ['stat'],
     expected: 'x',
     strict: `current_setting('heliograph.strict_ids')::uuid[]`,
     ceilings: `current_setting('heliograph.ceilings')::jsonb`,
   })}
   select ok from checked;
   commit`;

/** On two cores, 100,000 deliveries took six seconds, of which their lines in the log took less than one. */
const openForMs = 14_000;
const shortestAppendMs = 1_000;

/**
 * Returns the ids of the events that are new. Each event is in one part together with its deliveries, and a part is
 * created when its turn comes. Throws RATE_LIMITED if the database is too slow for the call, and `ownerOfTooMany`.
 */
export async function createDeliveriesInParts(
  db: Database,
  parts: Iterable<NewDeliveries>,
  { ceilings = {} }: Pick<Preconditions, 'ceilings'> = {},
): Promise<ReadonlySet<string>> {
  const client = await db.engine.connect();
  const created = { events: new Map<string, string>(), hints: new Set<string>(), ceilings };
  try {
    await createWithin(db, client, parts, created);
    client.release();
  } catch (error) {
    // The connection is closed instead of rolled back, because it may be the connection that failed.
    client.release(true);
    throw error;
  }
  if (created.hints.size > 0) db.hints.send(created.hints);
  return new Set(created.events.keys());
}

/** Fills in what was created: the owners of the new events, by event, and whom to notify. */
async function createWithin(
  db: Database,
  client: pg.PoolClient,
  parts: Iterable<NewDeliveries>,
  {
    events,
    hints,
    ceilings,
  }: { events: Map<string, string>; hints: Set<string>; ceilings: Readonly<Record<string, number>> },
): Promise<void> {
  const giveUpAt = performance.now() + openForMs;
  const strict = new Set<string>();
  let count = 0;
  let oldest = highestUuid;
  await client.query('begin');
  for (const part of parts) {
    if (giveUpAt - performance.now() < engineTimeoutMs) throw tooSlow();
    const values = creationValues(part);
    const rows = await run<{ id: string | null; deliveries: number }>(db, client, partStatement, values);
    count += rows[0]?.deliveries ?? 0;
    const fresh = new Set(rows.map(({ id }) => id));
    for (const { id, ownerId } of part.events) if (fresh.has(id)) events.set(id, ownerId);
    for (const word of hintWords(part)) hints.add(word);
    for (const id of strictEndpoints(part.deliveries)) strict.add(id);
    // Ids are in the order of their creation. The first id decides which partitions are read.
    for (const { id } of part.deliveries) if (id < oldest) oldest = id;
  }
  if (count === 0) {
    await client.query('commit');
    return;
  }
  await run(db, client, rememberStatement, [
    `{${[...events.values()].join(',')}}`,
    `{${[...events.keys()].join(',')}}`,
    oldest,
    String(count),
    `{${[...strict].join(',')}}`,
    JSON.stringify(ceilings),
  ]);
  const leftMs = Math.floor(giveUpAt - performance.now());
  if (leftMs < shortestAppendMs) throw tooSlow();
  await client.query(`set local statement_timeout = ${leftMs}`);
  const append = { text: appendAndCommit, query_timeout: leftMs + 2_000 };
  await client.query(append);
}

function tooSlow(): RequestError {
  const message =
    'The database is too busy for such a large call. Nothing was stored. Publish fewer events in one call, or try again in a moment.';
  return new RequestError('RATE_LIMITED', message, { retryAfterSeconds: 5 });
}
