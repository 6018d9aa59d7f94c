import { badUserInput } from '../errors.ts';
import { isUuid } from '../ids.ts';

/**
 * Pages by key: a cursor is the sort key of a row, so that a page costs the same wherever it lies, and rows that
 * come or go between two pages move nothing.
 */
export const defaultPageSize = 20;
export const maxPageSize = 100;

export type PageArgs = Readonly<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}>;

/** What a page needs of SQL: newest first; backward pages are read oldest first and turned round by `toPage`. */
export type PageRange = Readonly<{
  /** Rows to read: one more than the page, to know whether there are more. */
  limit: number;
  backward: boolean;
  /** Exclusive bounds as the cursors named them. */
  after: string | undefined;
  before: string | undefined;
}>;

export type Page<Row> = Readonly<{
  rows: readonly Row[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}>;

/** Checks the paging arguments. Throws BAD_USER_INPUT that tells the limit. */
export function pageRange(args: PageArgs): PageRange {
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
    limit: asked + 1,
    backward: last != null,
    after: args.after == null ? undefined : decodeCursor(args.after, 'after'),
    before: args.before == null ? undefined : decodeCursor(args.before, 'before'),
  };
}

/** Cuts the row too many and puts the rest in order. */
export function toPage<Row>(rows: readonly Row[], range: PageRange): Page<Row> {
  const hasMore = rows.length === range.limit;
  const kept = hasMore ? rows.slice(0, -1) : rows;
  return range.backward
    ? { rows: [...kept].reverse(), hasNextPage: range.before !== undefined, hasPreviousPage: hasMore }
    : { rows: kept, hasNextPage: hasMore, hasPreviousPage: range.after !== undefined };
}

/** A cursor is opaque to clients. */
export function encodeCursor(uuid: string): string {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');
}

function decodeCursor(cursor: string, argument: 'after' | 'before'): string {
  const hex = /^[A-Za-z0-9_-]{22}$/.test(cursor) ? Buffer.from(cursor, 'base64url').toString('hex') : '';
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (!isUuid(uuid)) throw badUserInput(`\`${argument}\` is not a cursor of this list.`, { argument });
  return uuid;
}
