import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { type Endpoint, lockEndpoint } from '../endpoints/endpoint.ts';
import { resetHealth } from '../endpoints/update-endpoint.ts';
import type { Tables } from '../tables.ts';

type Act = Readonly<{ ownerId: string; id: string; by: By }>;

/** An endpoint after the act, and whether the act changed it. */
export type Held = Readonly<{ endpoint: Endpoint; isChanged: boolean }>;

/**
 * Stops the sending to an endpoint and keeps its deliveries in the queue. After the commit no claim takes anything
 * from the queue; deliveries that were claimed before may still arrive. An endpoint that is paused already does not
 * change.
 */
export async function pauseEndpoint(trx: Transaction<Tables>, { ownerId, id, by }: Act): Promise<Held> {
  const before = await lockEndpoint(trx, ownerId, id);
  if (before.paused_at !== null) return { endpoint: before, isChanged: false };
  const endpoint = await trx
    .updateTable('endpoint')
    .set({ paused_at: sql<Date>`clock_timestamp()`, updated_at: sql<Date>`clock_timestamp()` })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const target = { targetType: 'Endpoint', targetId: id } as const;
  const changes = { pausedAt: { from: null, to: endpoint.paused_at } };
  await appendAudit(trx, { ownerId, ...by, action: 'endpoint.pause', ...target, changes });
  return { endpoint, isChanged: true };
}

/**
 * Lets waiting deliveries be sent again, with a closed circuit, because what was known of the receiver before the
 * pause says nothing about it now. After the commit, notify the workers by a lane hint. An endpoint that is not
 * paused does not change.
 */
export async function resumeEndpoint(trx: Transaction<Tables>, { ownerId, id, by }: Act): Promise<Held> {
  const before = await lockEndpoint(trx, ownerId, id);
  if (before.paused_at === null) return { endpoint: before, isChanged: false };
  const endpoint = await trx
    .updateTable('endpoint')
    .set({ paused_at: null, queue_full_at: null, updated_at: sql<Date>`clock_timestamp()` })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await resetHealth(trx, endpoint);
  const target = { targetType: 'Endpoint', targetId: id } as const;
  const changes = { pausedAt: { from: before.paused_at, to: null } };
  await appendAudit(trx, { ownerId, ...by, action: 'endpoint.resume', ...target, changes });
  return { endpoint, isChanged: true };
}
