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
/** Ids and what is shown once: enough to give the same answer again. */
export type KeptAnswer = Readonly<Record<string, Json>>;

export type IdempotentCall<Answer extends KeptAnswer> = Readonly<{
  database: Database;
  ownerId: string;
  actor: Actor;
  /** The mutation. */
  field: string;
  /** Undefined: the act runs without a memory. */
  key: string | undefined;
  /** What the caller asked for. Its own `idempotencyKey` does not count: the header may have brought it. */
  input: Readonly<Record<string, unknown>>;
  secretBox: SecretBox;
  /** The UUID of the record whose secret the answer holds, for `forgetAnswersWithSecretOf`. */
  secretOf?: (answer: Answer) => string;
  /**
   * The act's last statement, after the answer has been kept and right before the commit: one that locks an owner's
   * log. It does not run where an earlier answer is given.
   */
  lastly?: (trx: Transaction<Tables>, answer: Answer) => Promise<void>;
}>;

/**
 * Runs an act once per idempotency key (draft-ietf-httpapi-idempotency-key-header): the same caller's same key with
 * the same input gets the first answer again for 24 hours; with another input it is refused
 * (IDEMPOTENCY_KEY_REUSED), as it is while the first call runs (IDEMPOTENCY_KEY_IN_PROGRESS).
 *
 * The act runs in the transaction that also keeps its answer, under a transaction's advisory lock on the key. So a
 * crash leaves neither act nor answer nor lock, and nothing ever has to decide whether a claim is stale. Whoever
 * does not get the lock at once is told so instead of waiting: waiters would use up the pool while the first call
 * still needs it. The lock is looked for before the answer is: the one before gives it back after its commit, so
 * that who gets the lock sees the answer. Refusals (DomainErrors) roll back and are not kept: they are worked out
 * afresh. Two keys with one 64-bit hash would only make one wait for the other.
 *
 * The act must use `trx` alone and do nothing slow outside the database: the connection is held meanwhile.
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
    // The first caller, too, gets what can be read back: no repetition can differ from it.
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
 * Drops the answers that hold a secret of this record; to be called in the transaction that rotates or revokes it.
 * A repeated call is then refused instead of being given a secret that is no longer current.
 */
export async function forgetAnswersWithSecretOf(
  trx: Transaction<Tables>,
  ownerId: string,
  recordId: string,
): Promise<void> {
  await sql`update idempotency_key set answer = null
             where owner_id = ${ownerId} and secret_of = ${recordId}`.execute(trx);
}

/** Removes answers past their 24 hours, oldest first. Returns how many; fewer than `limit`: there are no more. */
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

/** What a sealed answer is bound to. No two scopes have the same text: JSON keeps the parts apart. */
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

/** Takes the place of an answer past its time. */
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
