import type { Transaction } from 'kysely';
import { runWithin, statement } from '../db/statement.ts';
import type { Tables } from '../tables.ts';
import { transition, transitionWithin } from './transition.ts';

const maxTries = 5;

/** A claim of an older epoch is void: its holder has lost the shard, and its late result is fenced. */
const cancelStatement = statement(
  'cancel_delivery',
  `with ${transition(
    `held as materialized (
     select d.owner_id, d.delivery_id, d.ctid as row_at, d.status as previous, 'FAILED'::text as to_status, 'CANCELLED'::text as reason,
            true as ends, false as stays_claimed, 0::float8 as delay_ms, 0 as counted, 0 as added
       from due d
      where d.owner_id = $1 and d.delivery_id = $2
        and (d.claim is null or d.claim < (select s.epoch from shard_lease s where s.shard = d.shard))
        for update of d
   )`,
    { withAttempts: false, isPartial: true },
  )}
   select (select count(*)::integer from del) as ended, (select count(*)::integer from held) as held
     from checked where checked.ok = 0`,
  { owner: 1, returns: 'ended integer, held integer' },
);

/**
 * Ends one waiting delivery, as the last statement of a transaction, because the owner's log is locked until the
 * commit. Returns false if the delivery does not wait: it has ended, or a worker has claimed it.
 */
export async function cancelWithin(
  trx: Transaction<Tables>,
  { ownerId, id }: { ownerId: string; id: string },
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const [row] = await transitionWithin<{ ended: number; held: number }>(trx, cancelStatement, [
      ownerId,
      id,
    ]);
    // The delivery changed while this waited for the lock. The next try sees its current state.
    if (row?.ended === 1 || row?.held !== 1 || tries === maxTries) return row?.ended === 1;
  }
}

/** The conditions under which a row of `due` waits: nobody has claimed it, or the claim's holder has lost the shard. */
const holdStatement = statement(
  'hold_waiting',
  `select d.delivery_id as "deliveryId", d.endpoint_id as "endpointId"
     from due d
    where d.owner_id = $1 and d.delivery_id = any($2::uuid[])
      and (d.claim is null or d.claim < (select s.epoch from shard_lease s where s.shard = d.shard))
    order by d.owner_id, d.delivery_id
      for update of d`,
  { owner: 1, returns: '"deliveryId" uuid, "endpointId" uuid' },
);

/** Locks those of these deliveries that wait, in key order, so that nobody sends or ends them before this transaction. */
export async function holdWaiting(
  trx: Transaction<Tables>,
  { ownerId, ids }: { ownerId: string; ids: readonly string[] },
): Promise<readonly Readonly<{ deliveryId: string; endpointId: string }>[]> {
  if (ids.length === 0) return [];
  return await runWithin(trx, holdStatement, [ownerId, [...ids]]);
}

const cancelHeldStatement = statement(
  'cancel_held',
  `with ${transition(
    `held as materialized (
     select d.owner_id, d.delivery_id, d.ctid as row_at, d.status as previous, 'FAILED'::text as to_status, 'CANCELLED'::text as reason,
            true as ends, false as stays_claimed, 0::float8 as delay_ms, 0 as counted, 0 as added
       from due d
      where d.owner_id = $1 and d.delivery_id = any($2::uuid[])
      order by d.owner_id, d.delivery_id
        for update of d
   )`,
    { withAttempts: false },
  )}
   select (select count(*)::integer from del) as ended from checked where checked.ok = 0`,
  { owner: 1, returns: 'ended integer' },
);

/** Ends the deliveries that `holdWaiting` locked in the same transaction, as its last statement. */
export async function cancelHeld(
  trx: Transaction<Tables>,
  { ownerId, ids }: { ownerId: string; ids: readonly string[] },
): Promise<void> {
  if (ids.length === 0) return;
  const [row] = await transitionWithin<{ ended: number }>(trx, cancelHeldStatement, [ownerId, [...ids]]);
  if (row?.ended !== ids.length) throw new Error('Deliveries that were locked could not be cancelled.');
}
