import { createHash } from 'node:crypto';
import { badUserInput } from '../errors.ts';
import { type IdType, isUuid } from '../ids.ts';

/**
 * Pages by key: a cursor is the sort key of a row, so that a page costs the same wherever it lies, and rows that
 * come or go between two pages move nothing.
 *
 * In front of the key a cursor has a tag that is made of the kind of record and its owner. It is only there to tell a
 * client that it has mixed up its cursors; access is guarded by the list's own conditions. All lists of one kind and
 * one owner accept each other's cursors. Whether the record at the cursor still exists does not matter.
 */
export const defaultPageSize = 20;
export const maxPageSize = 100;
/** A count costs as much as what it counts. */
export const maxTotalCount = 10_000;

export type PageArgs = Readonly<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}>;

/** The kind of record in a list, and its owner. Without an owner the records belong to the platform. */
export type ListOf = Readonly<{ kind: IdType; ownerId?: string }>;

/**
 * The rows that a page reads. Forward pages are read newest first; backward pages are read oldest first and reversed by
 * `toPage`.
 */
export type PageRange = Readonly<{
  of: ListOf;
  /** How many rows to read: one more than the page has, to know whether there are more. */
  limit: number;
  backward: boolean;
  /** The UUIDs of the cursors. They bound the page and are not part of it. */
  after: string | undefined;
  before: string | undefined;
}>;

export type Page<Row> = Readonly<{
  rows: readonly Row[];
  /** The list to which the page's cursors belong. */
  of: ListOf;
  hasNextPage: MoreRows;
  hasPreviousPage: MoreRows;
  /** Where a search that looks at a bounded number of records stopped, in place of the first or last row. */
  startsAt?: string | undefined;
  endsAt?: string | undefined;
}>;

/** What a list that is short enough to be counted answers beside its page. */
export type Counted = Readonly<{ count: () => Promise<number> }>;

/** Whether there are more: known from the page, or found out when it is asked for. */
export type MoreRows = boolean | (() => Promise<boolean>);

/** Reads the rows of a range from the database, in the range's order. */
export type ReadRange<Row> = (range: PageRange) => Promise<readonly Row[]>;

/**
 * Checks the paging arguments. Throws BAD_USER_INPUT for a page size out of bounds and for a cursor of another list.
 */
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

/** Reads a page. */
export async function readPage<Row>(range: PageRange, read: ReadRange<Row>): Promise<Page<Row>> {
  return toPage(await read(range), range, read);
}

/**
 * Cuts the one extra row and puts the others in order. If a caller asks whether there is more beyond a cursor that it
 * gave, `read` reads one row there: the record at the cursor may have been removed since.
 */
export function toPage<Row>(rows: readonly Row[], range: PageRange, read: ReadRange<Row>): Page<Row> {
  const hasMore = rows.length === range.limit;
  const kept = hasMore ? rows.slice(0, -1) : rows;
  const { of, after, before, backward } = range;
  const isThere = (beyond: Partial<PageRange>) => async () =>
    (await read({ of, limit: 1, backward, after: undefined, before: undefined, ...beyond })).length > 0;
  const older = before === undefined ? false : isThere({ after: neighbour(before, 1n) });
  const newer = after === undefined ? false : isThere({ before: neighbour(after, -1n) });
  return backward
    ? { of, rows: [...kept].reverse(), hasNextPage: older, hasPreviousPage: hasMore || newer }
    : { of, rows: kept, hasNextPage: hasMore || older, hasPreviousPage: newer };
}

/** The rows of a range of a list that is held in memory, newest first. */
export function rowsIn<Row extends { id: string }>(rows: readonly Row[], range: PageRange): Row[] {
  const { after, before, backward, limit } = range;
  const within = rows.filter(
    ({ id }) => (after === undefined || id < after) && (before === undefined || id > before),
  );
  return (backward ? [...within].reverse() : within).slice(0, limit);
}

/**
 * The page of a list that is held in memory in an order of its own. Throws BAD_USER_INPUT for the cursor of a record
 * that the list no longer has.
 */
export function sortedPage<Row extends { id: string }>(rows: readonly Row[], range: PageRange): Page<Row> {
  const { of, after, before, backward, limit } = range;
  const placeOf = (id: string, argument: 'after' | 'before') => {
    const place = rows.findIndex((row) => row.id === id);
    if (place >= 0) return place;
    throw badUserInput(`The record of the cursor \`${argument}\` is no longer in this list. Begin again.`, {
      argument,
    });
  };
  const start = after === undefined ? 0 : placeOf(after, 'after') + 1;
  const end = before === undefined ? rows.length : placeOf(before, 'before');
  const size = limit - 1;
  const from = backward ? Math.max(start, end - size) : start;
  const to = backward ? end : Math.min(end, start + size);
  return {
    of,
    rows: rows.slice(from, Math.max(from, to)),
    hasNextPage: to < rows.length,
    hasPreviousPage: from > 0,
  };
}

/** A page without rows, of a list that can have none. */
export const emptyPage = <Row>(range: PageRange): Page<Row> =>
  toPage<Row>([], { ...range, after: undefined, before: undefined }, async () => []);

/** The UUID one below or above. Bounds are exclusive, so the row at the cursor itself counts as beyond the page. */
function neighbour(uuid: string, step: bigint): string {
  const hex = BigInt.asUintN(128, BigInt(`0x${uuid.replaceAll('-', '')}`) + step)
    .toString(16)
    .padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const tagBytes = 6;

/** Makes the cursor of a row. Clients must not look inside. */
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
  // A broken cursor, or one of another list, differs from what this list would have written.
  if (!isUuid(uuid) || encodeCursor(of, uuid) !== cursor) {
    throw badUserInput(`\`${argument}\` is not a cursor of this list.`, { argument });
  }
  return uuid;
}
