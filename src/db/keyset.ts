import { createHash } from 'node:crypto';
import { badUserInput } from '../errors.ts';
import { type IdType, isUuid } from '../ids.ts';

/**
 * Pages by key: a cursor is the sort key of a row, so that a page costs the same wherever it lies, and rows that
 * come or go between two pages move nothing.
 *
 * Before the key stands a tag of what the cursor is of: the kind of record and its owner. It keeps nothing secret, and
 * guards nothing that the list's own conditions do not: it tells a client that it has mixed up its cursors. All of an
 * owner's lists of one kind take each other's, and whether there is such a record is never asked.
 */
export const defaultPageSize = 20;
export const maxPageSize = 100;

export type PageArgs = Readonly<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}>;

/** What a list holds. Without an owner: the platform's. */
export type ListOf = Readonly<{ kind: IdType; ownerId?: string }>;

/** What a page needs of SQL: newest first; backward pages are read oldest first and turned round by `toPage`. */
export type PageRange = Readonly<{
  of: ListOf;
  /** Rows to read: one more than the page, to know whether there are more. */
  limit: number;
  backward: boolean;
  /** Exclusive bounds as the cursors named them. */
  after: string | undefined;
  before: string | undefined;
}>;

export type Page<Row> = Readonly<{
  rows: readonly Row[];
  /** What its cursors are of. */
  of: ListOf;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}>;

/** Checks the paging arguments. Throws BAD_USER_INPUT that tells the limit, or that a cursor is not this list's. */
export function pageRange(args: PageArgs, of: ListOf): PageRange {
  const { first, last } = args;
  if (first != null && last != null) throw badUserInput('Give `first` or `last`, not both.');
  const asked = first ?? last ?? defaultPageSize;
  if (!Number.isInteger(asked) || asked < 0 || asked > maxPageSize) {
    const name = last != null ? 'last' : 'first';
    throw badUserInput(`\`${name}\` must be from 0 to ${maxPageSize}; it was ${asked}.`, {
      argument: name,
      limit: maxPageSize,
    });
  }
  return {
    of,
    limit: asked + 1,
    backward: last != null,
    after: args.after == null ? undefined : decodeCursor(args.after, { of, argument: 'after' }),
    before: args.before == null ? undefined : decodeCursor(args.before, { of, argument: 'before' }),
  };
}

/** Cuts the row too many and puts the rest in order. */
export function toPage<Row>(rows: readonly Row[], range: PageRange): Page<Row> {
  const hasMore = rows.length === range.limit;
  const kept = hasMore ? rows.slice(0, -1) : rows;
  const { of } = range;
  return range.backward
    ? { of, rows: [...kept].reverse(), hasNextPage: range.before !== undefined, hasPreviousPage: hasMore }
    : { of, rows: kept, hasNextPage: hasMore, hasPreviousPage: range.after !== undefined };
}

const tagBytes = 6;

/** A cursor is opaque to clients. */
export function encodeCursor({ kind, ownerId = '' }: ListOf, uuid: string): string {
  const tag = createHash('sha256').update(`${kind}/${ownerId}`).digest().subarray(0, tagBytes);
  return Buffer.concat([tag, Buffer.from(uuid.replaceAll('-', ''), 'hex')]).toString('base64url');
}

function decodeCursor(
  cursor: string,
  { of, argument }: { of: ListOf; argument: 'after' | 'before' },
): string {
  const hex = Buffer.from(cursor, 'base64url').toString('hex', tagBytes);
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  // Broken or of another list: whatever this list would not have written.
  if (!isUuid(uuid) || encodeCursor(of, uuid) !== cursor) {
    throw badUserInput(`\`${argument}\` is not a cursor of this list.`, { argument });
  }
  return uuid;
}
