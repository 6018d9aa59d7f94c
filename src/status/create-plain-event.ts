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
 * does for it, for about three fifths of the time, most of which PostgreSQL needs to begin a statement with many
 * steps. Its function is made by `migrations/0142_create_plain_event.sql`.
 *
 * It stores everything or nothing. Nothing is stored if the receivers have changed or if the event exists already; the
 * other statement then decides what that means, with the same ids. The log is locked after everything else.
 */
const plainStatement = statement(
  'create_plain_event',
  'select create_plain_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) as stored',
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
    event.occurredAt.toISOString(),
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
