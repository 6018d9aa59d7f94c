import type { Database } from '../db/pool.ts';
import { arrayText, run, statement } from '../db/statement.ts';
import { shardOf } from './shard.ts';

/** One event of one owner whose deliveries all begin in the usual way: they wait to be sent, in no strict order. */
export type PlainEvent = Readonly<{
  ownerId: string;
  id: string;
  type: string;
  body: string;
  idempotencyKey: string | undefined;
  occurredAt: Date;
  traceContext: string | undefined;
  /** The version of the receivers with which it was planned. */
  version: string;
  /** The highest position at which the owner's log may still be. */
  ceiling: number | undefined;
  /** At least one. */
  deliveries: readonly Readonly<{ id: string; endpointId: string; maxAttempts: number; delayMs: number }>[];
}>;

/**
 * Stores one plain event, as a call with one event usually is. It does what the statement of `create-deliveries.ts`
 * does for it, for about two thirds of the time, most of which PostgreSQL needs to begin a statement with many steps.
 *
 * It stores everything or nothing. Nothing is stored if the receivers have changed or if the event exists already; the
 * other statement then decides what that means, with the same ids.
 *
 * The steps feed each other, from the event to the count of the deliveries, so the log is locked after everything else.
 */
const plainStatement = statement(
  'create_plain_event',
  `with ev as (
     insert into event (owner_id, id, type, body, tenant_id, idempotency_key, occurred_at, trace_context)
     select $1::uuid, $2::uuid, $3::text, $4::text, $1, $5::text, $6::timestamptz, $7::text
      -- As audience_version does, whose call would take longer than its query.
      where coalesce((select string_agg(c.id::text, ',' order by c.id) from audience_change c where c.owner_id = $1),
                     '') = $8::text
     on conflict (owner_id, id) do nothing
     returning owner_id, id
   ),
   queued as (
     insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
     select ev.owner_id, t.id, t.shard, t.endpoint_id, ev.id, now() + t.delay_ms * interval '1 millisecond', 'PENDING',
            t.max_attempts, 'EVENT'
       from ev cross join unnest($10::uuid[], $11::uuid[], $12::integer[], $13::float8[], $14::smallint[])
         as t(id, endpoint_id, max_attempts, delay_ms, shard)
     returning owner_id, delivery_id, endpoint_id, event_id, max_attempts, due_at
   ),
   del as (
     insert into delivery
       (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts, next_attempt_at, tenant_id)
     select owner_id, delivery_id, endpoint_id, event_id, $3, 'EVENT', 'PENDING', max_attempts, due_at, owner_id
       from queued
     returning id, endpoint_id
   ),
   lk as materialized (
     select l.owner_id, (select count(*) from del) as n from owner_log l
      where l.owner_id = $1 and (select count(*) from del) > 0
        for no key update
   ),
   hd as (
     update owner_log l set head = l.head + lk.n, at = greatest(l.at, clock_timestamp())
       from lk where l.owner_id = lk.owner_id
     returning l.head, lk.n, l.at
   ),
   logged as (
     insert into delivery_log
       (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind, tenant_id, status,
        attempt_number)
     select $1, hd.head - hd.n + row_number() over (), hd.at, del.id, del.endpoint_id, $2, $3, 'EVENT', $1, 'PENDING',
            0
       from hd cross join del
     returning position
   )
   select case
            when n < cardinality($10)
              then case when exists (select from ev) then refuse('changes are missing in the log') else 0 end
            when first > $9::bigint + 1 then too_many_pending($1)
            else n
          end as stored
     from (select count(*) as n, min(position) as first from logged) l`,
);

/** Whether it was stored. */
export async function createPlainEvent(db: Database, event: PlainEvent): Promise<boolean> {
  const { ownerId, deliveries } = event;
  const rows = await run<{ stored: number }>(db, db.engine, plainStatement, [
    ownerId,
    event.id,
    event.type,
    event.body,
    event.idempotencyKey ?? null,
    event.occurredAt,
    event.traceContext ?? null,
    event.version,
    event.ceiling ?? null,
    arrayText(deliveries.map(({ id }) => id)),
    arrayText(deliveries.map(({ endpointId }) => endpointId)),
    arrayText(deliveries.map(({ maxAttempts }) => maxAttempts)),
    arrayText(deliveries.map(({ delayMs }) => delayMs)),
    arrayText(deliveries.map(({ endpointId }) => shardOf(ownerId, endpointId))),
  ]);
  return rows[0]?.stored === deliveries.length;
}
