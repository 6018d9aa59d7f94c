import type { Kysely } from 'kysely';
import type { By } from '../access/actor.ts';
import { databaseNow } from '../clock.ts';
import { LimitExceededError } from '../errors.ts';
import type { Tables } from '../tables.ts';
import { type Endpoint, getEndpoint, lockEndpoint } from './endpoint.ts';
import type { Handshakes } from './handshakes.ts';
import { type StartedHandshake, startHandshake } from './record-handshake.ts';

/** A handshake is a request to somebody else's server, so its rate is limited. */
export const maxVerifiesPerMinute = 10;
const minuteMs = 60_000;

export type Verified = Readonly<{ endpoint: Endpoint; verified: boolean; reason: string | undefined }>;

/**
 * Runs a handshake now and waits for its result. It replaces one that is running already, such as the first one of a
 * new endpoint; the newest counts.
 */
export async function verifyEndpoint(
  db: Kysely<Tables>,
  handshakes: Handshakes,
  { ownerId, id, by }: { ownerId: string; id: string; by: By },
): Promise<Verified> {
  const start = () => startCounted(db, ownerId, id);
  const { started, outcome, recorded } = await handshakes.run(ownerId, start, by);
  if (recorded !== undefined) {
    return {
      endpoint: recorded,
      verified: outcome.verified,
      reason: outcome.verified ? undefined : outcome.reason,
    };
  }
  const endpoint = await getEndpoint(db, ownerId, id);
  return { endpoint, verified: false, reason: whyVoid(endpoint, started) };
}

function startCounted(db: Kysely<Tables>, ownerId: string, id: string): Promise<StartedHandshake> {
  return db.transaction().execute(async (trx) => {
    const endpoint = await lockEndpoint(trx, ownerId, id);
    const now = databaseNow();
    const asked = endpoint.verify_asked_at.filter((time) => time.getTime() > now - minuteMs);
    if (asked.length >= maxVerifiesPerMinute) {
      throw new LimitExceededError(
        maxVerifiesPerMinute,
        `An endpoint can be verified ${maxVerifiesPerMinute} times a minute. Wait a moment.`,
      );
    }
    await trx
      .updateTable('endpoint')
      .set({ verify_asked_at: [...asked, new Date(now)] })
      .where('owner_id', '=', ownerId)
      .where('id', '=', id)
      .execute();
    const started = await startHandshake(trx, endpoint);
    if (started === undefined) throw new Error('A locked endpoint was changed by somebody else.');
    return started;
  });
}

function whyVoid(endpoint: Endpoint, started: StartedHandshake): string {
  if (endpoint.url !== started.endpoint.url) return 'The URL was changed during the handshake.';
  const isStillOurs = endpoint.handshake_started_at?.getTime() === started.startedAt.getTime();
  return isStillOurs || endpoint.verification === 'PENDING'
    ? 'The handshake was interrupted, and another one is running.'
    : 'Another handshake was started meanwhile, and its result counts.';
}
