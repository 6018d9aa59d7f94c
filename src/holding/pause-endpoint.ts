import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { type Endpoint, lockEndpoint } from '../endpoints/endpoint.ts';
import { resetHealth } from '../endpoints/update-endpoint.ts';
import type { Tables } from '../tables.ts';

type Act = Readonly<{ ownerId: string; id: string; by: By }>;

/** An endpoint as it is after the act, and whether that changed it. */
export type Held = Readonly<{ endpoint: Endpoint; isChanged: boolean }>;

/**
 * Keeps everything from being sent to an endpoint, and what is to be sent to it in its queue: from the commit on no
 * claim takes anything from it. What had been claimed before may still arrive. One that is paused stays as it is.
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
 * Lets what waits go out again, with a closed circuit: what was known of the receiver before the pause says nothing
 * about it now. After the commit, tell the workers by a lane hint. One that is not paused stays as it is.
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
