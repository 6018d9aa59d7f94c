import type pg from 'pg';
import { mintUuid } from '../../src/ids.ts';

/** Statuses to append. Each change gets its own delivery. */
export type Appended = readonly {
  status: string;
  eventType?: string;
  deliveryId?: string;
  endpointId?: string;
}[];

/** A new owner with an empty log. */
export async function createOwner(pool: pg.Pool): Promise<string> {
  const ownerId = mintUuid();
  await pool.query('insert into owner_log (owner_id) values ($1)', [ownerId]);
  return ownerId;
}

/**
 * Appends like every real writer: locks the head, increases it, inserts, and commits. Returns the new head.
 * `rollback` rolls everything back; `holdMs` keeps the lock for a while.
 */
export async function append(
  pool: pg.Pool,
  ownerId: string,
  changes: Appended,
  options: { rollback?: boolean; holdSeconds?: number } = {},
): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows: locked } = await client.query<{ now: Date }>(
      'select clock_timestamp() as now from owner_log where owner_id = $1 for no key update',
      [ownerId],
    );
    const { rows } = await client.query<{ head: string; at: Date }>(
      `update owner_log set head = head + $2, at = greatest(at, $3) where owner_id = $1 returning head, at`,
      [ownerId, changes.length, locked[0]?.now],
    );
    const head = Number(rows[0]?.head);
    for (const [index, change] of changes.entries()) {
      await client.query(
        `insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                                   tenant_id, status, previous_status, failure_reason, attempt_number, response_status)
         values ($1, $2, $3, $4, $5, $6, $7, 'EVENT', null, $8, null, null, 0, null)`,
        [
          ownerId,
          head - changes.length + 1 + index,
          rows[0]?.at,
          change.deliveryId ?? mintUuid(),
          change.endpointId ?? mintUuid(),
          mintUuid(),
          change.eventType ?? 'comment.created',
          change.status,
        ],
      );
    }
    if (options.holdSeconds !== undefined) await client.query('select pg_sleep($1)', [options.holdSeconds]);
    await client.query(options.rollback ? 'rollback' : 'commit');
    return options.rollback ? head - changes.length : head;
  } finally {
    client.release();
  }
}

export const pending = (count: number): Appended =>
  Array.from({ length: count }, () => ({ status: 'PENDING' }));
