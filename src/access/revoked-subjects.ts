import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from '../db/pool.ts';
import type { Tables } from '../tables.ts';
import { canEqualStored } from '../text.ts';
import { Believed } from './believed.ts';
import { unauthenticated } from './unauthenticated.ts';

/**
 * Subjects whose tokens were revoked before they expired: deleted users, and users whose permissions changed. Tokens
 * that were issued until then are refused. A token of such a subject that does not say when it was issued is always
 * refused.
 */
export class RevokedSubjects {
  readonly #database: Database;
  readonly #known: Believed<Date | undefined>;

  constructor(options: { database: Database; monotonicMs?: () => number }) {
    this.#database = options.database;
    this.#known = new Believed({ monotonicMs: options.monotonicMs });
  }

  /** Throws UNAUTHENTICATED for a token that was revoked. */
  async check(subject: string, issuedAt: Date | undefined): Promise<void> {
    const notBefore = await this.#known.recall(subject, () => this.#find(subject));
    if (notBefore === undefined) return;
    if (issuedAt === undefined || issuedAt.getTime() <= notBefore.getTime()) throw unauthenticated('revoked');
  }

  async #find(subject: string): Promise<Date | undefined> {
    // PostgreSQL does not accept NUL in text, and no subject with such a name was revoked.
    if (!canEqualStored(subject)) return undefined;
    const row = await this.#database.query
      .selectFrom('revoked_subject')
      .select('not_before')
      .where('subject', '=', subject)
      .executeTakeFirst();
    return row?.not_before;
  }
}

/** Revokes every token of the subject that was issued until then. An earlier time does not replace a later one. */
export async function revokeSubject(
  trx: Transaction<Tables>,
  { subject, notBefore }: { subject: string; notBefore: Date },
): Promise<void> {
  await trx
    .insertInto('revoked_subject')
    .values({ subject, not_before: notBefore })
    .onConflict((conflict) =>
      conflict
        .column('subject')
        .doUpdateSet({ not_before: sql<Date>`greatest(revoked_subject.not_before, excluded.not_before)` }),
    )
    .execute();
}
