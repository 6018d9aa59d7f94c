import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Page, PageRange } from '../db/keyset.ts';
import type { Tables } from '../tables.ts';
import { isLine, lineRule } from '../text.ts';
import type { Delivery } from './delivery.ts';

/**
 * Conditions on what receivers answered. No index has answers or errors, because each attempt would pay for it. So a
 * list with such a condition is a search: it takes the deliveries that all other conditions let through, in the order
 * of their ids and some at a time, and keeps those with a matching attempt.
 *
 * A search looks at no more than `maxSearched` deliveries. If it has to stop there, the page is shorter than was asked
 * for, says that there is more, and has a cursor from which the next page continues to search. So nothing is missed,
 * and no page costs more than this, however many deliveries there are.
 */
export const maxSearched = 10_000;

const firstChunk = 100;
const maxChunk = 1_000;

const minErrorTextChars = 3;
const maxErrorTextChars = 200;

export const errorTextRule = lineRule(maxErrorTextChars).replace('1 to', `${minErrorTextChars} to`);

export const isErrorText = (text: string): boolean =>
  text.length >= minErrorTextChars && isLine(text, maxErrorTextChars);

export type AttemptConditions = Readonly<{
  responseStatus?: readonly number[] | null | undefined;
  errorContains?: string | null | undefined;
}>;

export const isAboutAttempts = ({ responseStatus, errorContains }: AttemptConditions): boolean =>
  responseStatus != null || errorContains != null;

/** What a search adds to the cost of an operation: `whole` for all that one search may look at. */
export const searchCost = (conditions: AttemptConditions | null | undefined, whole = 1_000): number =>
  conditions != null && isAboutAttempts(conditions) ? whole : 0;

/** The same attempt must meet both conditions. */
function matches({ responseStatus, errorContains }: AttemptConditions): RawBuilder<SqlBool> {
  const all: RawBuilder<SqlBool>[] = [];
  if (responseStatus != null) {
    all.push(sql<SqlBool>`a.response_status = any(${[...responseStatus]}::integer[])`);
  }
  if (errorContains != null) {
    all.push(sql<SqlBool>`strpos(lower(a.error), lower(${errorContains}::text)) > 0`);
  }
  return sql`(${sql.join(all, sql` and `)})`;
}

/** The conditions as SQL over `delivery as d`, for statements that read a bounded number of deliveries. */
export const hasMatchingAttempt = (conditions: AttemptConditions): RawBuilder<SqlBool> =>
  sql<SqlBool>`exists (select from attempt a
    where a.owner_id = d.owner_id and a.delivery_id = d.id and ${matches(conditions)})`;

/** The deliveries among these that have a matching attempt. */
async function withMatchingAttempt(
  db: Kysely<Tables>,
  ownerId: string,
  { ids, conditions }: { ids: readonly string[]; conditions: AttemptConditions },
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const sorted = [...ids].sort();
  // With the bounds only the partitions of these deliveries are read.
  const { rows } = await sql<{ id: string }>`
    select distinct a.delivery_id as id from attempt a
     where a.owner_id = ${ownerId} and a.delivery_id = any(${sorted}::uuid[])
       and a.delivery_id >= ${sorted[0]} and a.delivery_id <= ${sorted.at(-1)}
       and ${matches(conditions)}`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** What a search found, in the order of its range, and the delivery at which it stopped before the list had ended. */
export type Found = Readonly<{ rows: readonly Delivery[]; stoppedAt: Delivery | undefined }>;

type Search = Readonly<{
  db: Kysely<Tables>;
  ownerId: string;
  conditions: AttemptConditions;
  /** Reads deliveries that meet all other conditions. */
  read: (range: PageRange) => Promise<readonly Delivery[]>;
  most?: number;
}>;

/** Searches until the range is full, the list has ended, or `most` deliveries were looked at. */
export async function search({ db, ownerId, ...asked }: Search, range: PageRange): Promise<Found> {
  const { conditions, read, most = maxSearched } = asked;
  const found: Delivery[] = [];
  let within = range;
  let looked = 0;
  for (let chunk = firstChunk; ; chunk = Math.min(maxChunk, chunk * 4)) {
    const limit = Math.min(chunk, most - looked);
    const rows = await read({ ...within, limit });
    const matching = await withMatchingAttempt(db, ownerId, { ids: rows.map(({ id }) => id), conditions });
    found.push(...rows.filter(({ id }) => matching.has(id)));
    if (found.length >= range.limit) return { rows: found.slice(0, range.limit), stoppedAt: undefined };
    const last = rows.at(-1);
    looked += rows.length;
    if (last === undefined || rows.length < limit) return { rows: found, stoppedAt: undefined };
    if (looked >= most) return { rows: found, stoppedAt: last };
    within = range.backward ? { ...within, before: last.id } : { ...within, after: last.id };
  }
}

/** Tells on the page where its search stopped, so that the next page continues there. */
export function stoppedPage(page: Page<Delivery>, { stoppedAt }: Found, { backward }: PageRange) {
  if (stoppedAt === undefined) return page;
  return backward
    ? { ...page, hasPreviousPage: true, startsAt: stoppedAt.id }
    : { ...page, hasNextPage: true, endsAt: stoppedAt.id };
}
