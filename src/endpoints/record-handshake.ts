import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Tables } from '../tables.ts';
import type { Endpoint } from './endpoint.ts';
import type { HandshakeOutcome } from './handshake.ts';

/**
 * A handshake that has been started. It counts for this endpoint and this URL, as long as nobody starts another one.
 */
export type StartedHandshake = Readonly<{ endpoint: Endpoint; startedAt: Date }>;

/**
 * Later than every earlier handshake of the endpoint, even within a millisecond, because the time identifies a
 * handshake.
 */
const startAfter = (before: Date | null) =>
  sql<Date>`greatest(clock_timestamp(), ${before}::timestamptz + interval '1 millisecond')`;

/**
 * Marks a handshake as started if the row is still as `seen`, so that only one of several callers starts it. A
 * verified endpoint stays verified meanwhile, so that its deliveries need not wait for a repeated check. Any other
 * becomes PENDING.
 */
export async function startHandshake(
  db: Kysely<Tables>,
  seen: Endpoint,
): Promise<StartedHandshake | undefined> {
  const endpoint = await db
    .updateTable('endpoint')
    .set({
      handshake_started_at: startAfter(seen.handshake_started_at),
      verification: seen.verification === 'VERIFIED' ? 'VERIFIED' : 'PENDING',
    })
    .where('owner_id', '=', seen.owner_id)
    .where('id', '=', seen.id)
    .where('deleted_at', 'is', null)
    .where('url', '=', seen.url)
    .where('verification', '=', seen.verification)
    .where('handshake_started_at', 'is not distinct from', seen.handshake_started_at)
    .returningAll()
    .executeTakeFirst();
  return endpoint === undefined ? undefined : startedHandshake(endpoint);
}

/** The handshake that is running according to the endpoint's row. */
export function startedHandshake(endpoint: Endpoint): StartedHandshake | undefined {
  const startedAt = endpoint.handshake_started_at;
  return startedAt === null ? undefined : { endpoint, startedAt };
}

/**
 * Writes the handshake's result, if it is still the endpoint's newest handshake and the URL has not changed.
 * Otherwise it changes nothing and returns undefined.
 */
export async function recordHandshake(
  trx: Transaction<Tables>,
  { endpoint: before, startedAt }: StartedHandshake,
  { outcome, by }: { outcome: HandshakeOutcome; by: By },
): Promise<Endpoint | undefined> {
  const now = sql<Date>`clock_timestamp()`;
  const after = await trx
    .updateTable('endpoint')
    .set({
      verification: outcome.verified ? 'VERIFIED' : 'FAILED',
      verified_at: outcome.verified ? now : null,
      verification_checked_at: now,
      verification_reason: outcome.verified ? null : outcome.reason,
      handshake_started_at: null,
      updated_at: now,
    })
    .where('owner_id', '=', before.owner_id)
    .where('id', '=', before.id)
    .where('deleted_at', 'is', null)
    .where('url', '=', before.url)
    .where('handshake_started_at', '=', startedAt)
    .returningAll()
    .executeTakeFirst();
  // The first handshake belongs to the creation, which has an audit entry. Its result is recorded on the endpoint.
  if (after === undefined || by.requestId === undefined) return after;
  await appendAudit(trx, {
    ownerId: after.owner_id,
    ...by,
    action: 'endpoint.verify',
    targetType: 'Endpoint',
    targetId: after.id,
    changes: {
      verification: { from: before.verification, to: after.verification },
      ...(outcome.verified ? {} : { reason: outcome.reason }),
    },
  });
  return after;
}

/**
 * Hands a handshake that this process cannot finish to the next process that searches, by making it as old as the
 * rescue requires. It records no result.
 */
export async function handBackHandshake(
  db: Kysely<Tables>,
  { endpoint, startedAt }: StartedHandshake,
): Promise<void> {
  await db
    .updateTable('endpoint')
    .set({ handshake_started_at: sql<Date>`${startedAt}::timestamptz - interval '1 day'` })
    .where('owner_id', '=', endpoint.owner_id)
    .where('id', '=', endpoint.id)
    .where('handshake_started_at', '=', startedAt)
    .execute();
}
