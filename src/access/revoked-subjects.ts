import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from '../db/pool.ts';
import type { Tables } from '../tables.ts';
import { isStorable } from '../text.ts';
import { unauthenticated } from './unauthenticated.ts';

/** As for API keys: a revocation takes effect after at most this. */
const believedMs = 2_000;
const maxRemembered = 10_000;

type Revocation = Promise<Date | undefined>;

/**
 * Subjects whose tokens were called back before their end: deleted users, and those whose permissions changed. What
 * was issued until then is refused; a token of theirs that does not say when it was issued is refused for good.
 */
export class RevokedSubjects {
  readonly #database: Database;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, { notBefore: Revocation; since: number }>();

  constructor(options: { database: Database; monotonicMs?: () => number }) {
    this.#database = options.database;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** Throws UNAUTHENTICATED for a token that was called back. */
  async check(subject: string, issuedAt: Date | undefined): Promise<void> {
    const notBefore = await this.#recall(subject);
    if (notBefore === undefined) return;
    if (issuedAt === undefined || issuedAt.getTime() <= notBefore.getTime()) throw unauthenticated('revoked');
  }

  #recall(subject: string): Revocation {
    const known = this.#known.get(subject);
    if (known !== undefined && this.#monotonicMs() - known.since < believedMs) return known.notBefore;
    if (this.#known.size >= maxRemembered) this.#known.clear();
    const entry = { notBefore: this.#find(subject), since: this.#monotonicMs() };
    this.#known.set(subject, entry);
    entry.notBefore.catch(() => {
      if (this.#known.get(subject) === entry) this.#known.delete(subject);
    });
    return entry.notBefore;
  }

  async #find(subject: string): Revocation {
    // PostgreSQL takes no NUL in a text; nobody was called back under such a name.
    if (!isStorable(subject)) return undefined;
    const row = await this.#database.query
      .selectFrom('revoked_subject')
      .select('not_before')
      .where('subject', '=', subject)
      .executeTakeFirst();
    return row?.not_before;
  }
}

/** Calls back every token of the subject that was issued until then. A later time stands against an earlier one. */
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
