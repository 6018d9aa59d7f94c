import { createHash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Actor } from '../access/actor.ts';
import type { Database } from '../db/pool.ts';
import { IdempotencyError } from '../errors.ts';
import type { SecretBox } from '../signing/secret-box.ts';
import type { Tables } from '../tables.ts';
import { canonicalJson } from './canonical-json.ts';

const keptHours = 24;

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
/** The ids and secrets that are needed to give the same answer again. */
export type KeptAnswer = Readonly<Record<string, Json>>;

export type IdempotentCall<Answer extends KeptAnswer> = Readonly<{
  database: Database;
  ownerId: string;
  actor: Actor;
  /** The mutation. */
  field: string;
  /** If undefined, the act runs without idempotency. */
  key: string | undefined;
  /** The input of the call. Its own `idempotencyKey` does not count, because the key may be in the header. */
  input: Readonly<Record<string, unknown>>;
  secretBox: SecretBox;
  /** The UUID of the record whose secret is part of the answer, for `forgetAnswersWithSecretOf`. */
  secretOf?: (answer: Answer) => string;
  /**
   * The last statement of the act, after the answer has been stored and right before the commit. Use it for a
   * statement that locks an owner's log. It does not run if an earlier answer is returned.
   */
  lastly?: (trx: Transaction<Tables>, answer: Answer) => Promise<void>;
}>;

/**
 * Runs an act once for each idempotency key (draft-ietf-httpapi-idempotency-key-header). For 24 hours the same caller
 * with the same key and the same input gets the first answer again. With another input the call is refused
 * (IDEMPOTENCY_KEY_REUSED), and also while the first call is running (IDEMPOTENCY_KEY_IN_PROGRESS).
 *
 * The act runs in the transaction that also stores its answer, under a transaction-level advisory lock on the key. A
 * crash therefore leaves neither act nor answer nor lock, and nothing has to decide whether a claim is stale. A
 * caller that does not get the lock at once is refused instead of waiting, because waiting calls would use up the
 * pool while the first call still needs it. The lock is taken before the answer is read: the call before releases it
 * after its commit, so the next holder sees the answer. Refusals (DomainErrors) roll back and are not stored. Two
 * keys with the same 64-bit hash would only make one call wait for the other.
 *
 * The act must use only `trx` and do nothing slow outside the database, because it holds a connection.
 */
export async function withIdempotency<Answer extends KeptAnswer>(
  call: IdempotentCall<Answer>,
  act: (trx: Transaction<Tables>) => Promise<Answer>,
): Promise<Answer> {
  const { key } = call;
  return await call.database.query.transaction().execute(async (trx) => {
    if (key === undefined) {
      const answer = await act(trx);
      await call.lastly?.(trx, answer);
      return answer;
    }
    const scope = scopeOf(call, key);
    const isFree = await tryLock(trx, scope);
    const kept = await findKept(trx, scope);
    if (kept !== undefined) return openAnswer<Answer>(kept, call, scope);
    if (!isFree) throw new IdempotencyError('IDEMPOTENCY_KEY_IN_PROGRESS', key);
    const text = JSON.stringify(await act(trx));
    // The first caller also gets the stored answer as it is read back, so that no repetition can differ from it.
    const answer: Answer = JSON.parse(text);
    await keep(trx, scope, {
      inputHash: hashOf(call.input),
      sealed: call.secretBox.seal(text, sealedAnswerPlace(scope)),
      secretOf: call.secretOf?.(answer) ?? null,
    });
    await call.lastly?.(trx, answer);
    return answer;
  });
}

/**
 * Deletes the answers that hold a secret of this record. Call it in the transaction that rotates or revokes the
 * secret. A repeated call is then refused, instead of returning a secret that is no longer current.
 */
export async function forgetAnswersWithSecretOf(
  trx: Transaction<Tables>,
  ownerId: string,
  recordId: string,
): Promise<void> {
  await sql`update idempotency_key set answer = null
             where owner_id = ${ownerId} and secret_of = ${recordId}`.execute(trx);
}

/** Removes answers older than 24 hours, oldest first. Returns the number. If it is below `limit`, there are no more. */
export async function removeExpiredAnswers(database: Database, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_key where (owner_id, actor, field, key) in
      (select owner_id, actor, field, key from idempotency_key
        where created_at < now() - make_interval(hours => ${keptHours}) order by created_at limit ${limit})
      and created_at < now() - make_interval(hours => ${keptHours})`.execute(database.query);
  return Number(numAffectedRows ?? 0);
}

type Scope = Readonly<{ ownerId: string; actor: string; field: string; key: string }>;
type KeptRow = { input_hash: Buffer; answer: Buffer | null };

function scopeOf(call: Pick<IdempotentCall<KeptAnswer>, 'ownerId' | 'actor' | 'field'>, key: string): Scope {
  return { ownerId: call.ownerId, actor: `${call.actor.kind}:${call.actor.actorId}`, field: call.field, key };
}

/**
 * The context that a sealed answer is bound to. No two scopes have the same text, because JSON keeps the parts apart.
 */
export const sealedAnswerPlace = ({ ownerId, actor, field, key }: Scope) =>
  JSON.stringify(['idempotency', ownerId, actor, field, key]);

async function tryLock(trx: Transaction<Tables>, scope: Scope): Promise<boolean> {
  const { rows } = await sql<{ isFree: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${sealedAnswerPlace(scope)}, 0)) as "isFree"`.execute(
    trx,
  );
  return rows[0]?.isFree === true;
}

async function findKept(
  trx: Transaction<Tables>,
  { ownerId, actor, field, key }: Scope,
): Promise<KeptRow | undefined> {
  const { rows } = await sql<KeptRow>`
    select input_hash, answer from idempotency_key
     where owner_id = ${ownerId} and actor = ${actor} and field = ${field} and key = ${key}
       and created_at >= now() - make_interval(hours => ${keptHours})`.execute(trx);
  return rows[0];
}

/** Replaces an expired answer. */
async function keep(
  trx: Transaction<Tables>,
  { ownerId, actor, field, key }: Scope,
  { inputHash, sealed, secretOf }: { inputHash: Buffer; sealed: Buffer; secretOf: string | null },
): Promise<void> {
  await sql`
    insert into idempotency_key (owner_id, actor, field, key, input_hash, answer, secret_of)
    values (${ownerId}, ${actor}, ${field}, ${key}, ${inputHash}, ${sealed}, ${secretOf})
    on conflict (owner_id, actor, field, key) do update
       set input_hash = excluded.input_hash, answer = excluded.answer, secret_of = excluded.secret_of,
           created_at = now()`.execute(trx);
}

function openAnswer<Answer extends KeptAnswer>(
  kept: KeptRow,
  call: IdempotentCall<Answer>,
  scope: Scope,
): Answer {
  const reused = new IdempotencyError('IDEMPOTENCY_KEY_REUSED', scope.key);
  if (!kept.input_hash.equals(hashOf(call.input))) throw reused;
  if (kept.answer === null) {
    reused.message =
      'This idempotency key was used already, and the secret in its answer has been rotated or revoked since.';
    throw reused;
  }
  return JSON.parse(call.secretBox.open(kept.answer, sealedAnswerPlace(scope)));
}

function hashOf(input: Readonly<Record<string, unknown>>): Buffer {
  const { idempotencyKey: _, ...rest } = input;
  return createHash('sha256').update(canonicalJson(rest)).digest();
}
