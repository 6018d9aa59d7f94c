import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { invalid, LimitExceededError } from '../errors.ts';
import { forgetAnswersWithSecretOf } from '../idempotency/with-idempotency.ts';
import { encodeId } from '../ids.ts';
import { maxSecretsInForce, type SigningSecrets, signingKeyOf } from '../sending/signing-secrets.ts';
import { ownPrivateKeyProblem } from '../signing/key-pair.ts';
import { ownSecretProblem } from '../signing/own-secret.ts';
import type { SigningKey } from '../signing/sign.ts';
import type { SignatureScheme, Tables } from '../tables.ts';
import { type Endpoint, lockEndpoint } from './endpoint.ts';

export const defaultOverlapSeconds = 86_400;
export const maxOverlapSeconds = 604_800;

/**
 * Gives an endpoint a new secret, which is returned here and never again. Older secrets sign beside it for at most
 * `overlapSeconds`, or until the end that an earlier rotation set if that is sooner. So 0 is the answer to a leak,
 * whatever was rotated before. Requests on their way have the signatures that were valid when they were signed.
 */
export async function rotateSecret(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  request: { ownerId: string; id: string; overlapSeconds: number; own?: string | null | undefined; by: By },
): Promise<{ endpoint: Endpoint; secret: string }> {
  const { ownerId, id, overlapSeconds, by } = request;
  refuseOverlap(overlapSeconds);
  const locked = await lockEndpoint(trx, ownerId, id);
  const scheme = locked.sending?.signature;
  const own = refuseBadSecret(request.own, scheme);
  if (own !== undefined) await refuseInForce(trx, secrets, { ownerId, id, own });
  const fresh = await replaceSecret(trx, secrets, { ...request, own, scheme });
  const endpoint = await trx
    .updateTable('endpoint')
    .set({ updated_at: sql<Date>`clock_timestamp()` })
    .where('owner_id', '=', ownerId)
    .where('id', '=', locked.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await forgetAnswersWithSecretOf(trx, ownerId, id);
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'endpoint.rotate_secret',
    targetType: 'Endpoint',
    targetId: id,
    changes: {
      signingSecretId: encodeId('SigningSecret', fresh.id),
      overlapSeconds,
      ...(own === undefined ? {} : { ownSecret: true }),
    },
  });
  return { endpoint, secret: fresh.secret };
}

/** For descriptions. */
export const ownSecretRule =
  'It is `whsec_` followed by the base64 of 24 to 64 bytes; for an ASCII secret these are its characters. For ED25519 it is a private key: `whsk_` followed by the base64 of the 32 bytes of its seed, with or without the 32 bytes of its public key behind them. A secret that can be guessed is a ValidationError (WEAK).';

/** Throws a ValidationError for an owner's secret that cannot be accepted. Absent and null mean no secret. */
export function refuseBadSecret(
  secret: string | null | undefined,
  scheme: SignatureScheme | undefined,
): string | undefined {
  if (secret == null) return undefined;
  const problem = scheme === 'ED25519' ? ownPrivateKeyProblem(secret) : ownSecretProblem(secret);
  if (problem !== undefined) throw invalid(['secret'], problem.code, problem.message);
  return secret;
}

/** A rotation to a secret that signs already would end nothing. */
async function refuseInForce(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  { ownerId, id, own }: { ownerId: string; id: string; own: string },
): Promise<void> {
  const key = signingKeyOf(own);
  const inForce = await secrets.keysInForce(trx, ownerId, id);
  if (inForce.some((other) => isSameKey(other, key))) {
    throw invalid(['secret'], 'IN_FORCE', 'This secret signs already. Give another one.');
  }
}

/** Of one scheme: an endpoint keeps its own. */
const isSameKey = (a: SigningKey, b: SigningKey): boolean =>
  Buffer.isBuffer(a) ? Buffer.isBuffer(b) && a.equals(b) : !Buffer.isBuffer(b) && a.equals(b);

/** Throws a ValidationError. */
export function refuseOverlap(overlapSeconds: number): void {
  if (Number.isInteger(overlapSeconds) && overlapSeconds >= 0 && overlapSeconds <= maxOverlapSeconds) return;
  throw invalid(
    ['overlapSeconds'],
    'OUT_OF_RANGE',
    `\`overlapSeconds\` must be from 0 to ${maxOverlapSeconds}.`,
  );
}

/** Only the secrets: adds a new one and sets an end for those before. The caller has locked their owner. */
export async function replaceSecret(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  request: {
    ownerId: string;
    id: string;
    overlapSeconds: number;
    own?: string | undefined;
    scheme?: SignatureScheme | undefined;
  },
): Promise<{ id: string; secret: string }> {
  const overlapping = await limitOlder(trx, request);
  if (overlapping >= maxSecretsInForce) {
    throw new LimitExceededError(
      maxSecretsInForce,
      `At most ${maxSecretsInForce} secrets sign at once. Wait for the oldest to expire, or give a shorter overlap.`,
    );
  }
  return await secrets.create(trx, {
    ...{ ownerId: request.ownerId, endpointId: request.id, own: request.own, scheme: request.scheme },
  });
}

/** Sets the end of older secrets, and removes those that have ended. Returns how many still sign. */
async function limitOlder(
  trx: Transaction<Tables>,
  { ownerId, id, overlapSeconds }: { ownerId: string; id: string; overlapSeconds: number },
): Promise<number> {
  // Rounded down to the precision of the column. Rounded up, an end "now" would still be in the future.
  const now = sql<Date>`date_trunc('milliseconds', clock_timestamp())`;
  const older = await trx
    .updateTable('signing_secret')
    .set({
      expires_at: sql<Date>`least(expires_at, ${now} + ${overlapSeconds}::integer * interval '1 second')`,
    })
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', id)
    .returning('id')
    .execute();
  const removed = await trx
    .deleteFrom('signing_secret')
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', id)
    .where('expires_at', '<=', now)
    .executeTakeFirst();
  return older.length - Number(removed.numDeletedRows);
}
