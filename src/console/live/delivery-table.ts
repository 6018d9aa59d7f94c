import type { DeliveryRowFragment, DeliveryStatus } from '../parts/generated/graphql.ts';

/**
 * The table of deliveries as a value: pages of the API and changes of the log go in, and what comes out is what the API
 * would answer. It holds the newest deliveries down to the last row of the last page.
 *
 * Pages and changes overlap: a page may show changes that the log tells once more, and the log may be further than a
 * page that was asked for earlier. So each row knows up to which position it is known (`seen`), older changes of it are
 * dropped, and while a page is on its way the changes that come are kept and applied to it once more.
 */
export type Row = DeliveryRowFragment;
export type Change = Readonly<{ position: number; deliveryId: string; delivery?: Row | null | undefined }>;
export type Page = Readonly<{
  nodes: readonly Row[];
  logPosition: number;
  pageInfo: Readonly<{ hasNextPage: boolean; endCursor?: string | null | undefined }>;
}>;

/** After a page’s cursor or, if the table was cut, before the instant that follows its last row. */
type NextPage =
  | Readonly<{ after: string; createdBefore: string | undefined }>
  | Readonly<{ after: undefined; createdBefore: string }>;

/** The number of rows that are kept while more and more arrive. Older rows are read again when somebody scrolls to them. */
const mostRows = 6_000;
const keptRows = 5_000;

export type DeliveryTable = Readonly<{
  /** Undefined means every status. The other conditions never change, and the server applies them. */
  statuses: readonly DeliveryStatus[] | undefined;
  /** Newest first. */
  rows: readonly Row[];
  seen: ReadonlyMap<string, number>;
  /** The position of the log up to which the rows are current. */
  position: number;
  /** Where the next page begins; undefined if there is none. */
  next: NextPage | undefined;
  /** The last row of the last page, while there are more. Older rows do not belong to this table. */
  oldest: string | undefined;
  /** The changes since a page was requested; undefined if no page is being read. */
  kept: readonly Change[] | undefined;
}>;

export function startTable(page: Page, statuses: readonly DeliveryStatus[] | undefined): DeliveryTable {
  const empty: DeliveryTable = {
    statuses,
    rows: [],
    seen: new Map(),
    position: page.logPosition,
    next: undefined,
    oldest: undefined,
    kept: undefined,
  };
  return withPage(empty, page, undefined);
}

/** Called when the next page is requested. */
export const expectPage = (table: DeliveryTable): DeliveryTable => ({ ...table, kept: [] });

/** Called when the page could not be read. */
export const forgetPage = (table: DeliveryTable): DeliveryTable => ({ ...table, kept: undefined });

export function addPage(table: DeliveryTable, page: Page): DeliveryTable {
  const { kept = [] } = table;
  return applied(withPage({ ...table, kept: undefined }, page, table.next?.createdBefore), kept);
}

/** Applies the changes of one message of the log, in their order. */
export function applyChanges(
  table: DeliveryTable,
  changes: readonly Change[],
  position: number,
): DeliveryTable {
  const kept = table.kept === undefined ? undefined : [...table.kept, ...changes];
  const next = { ...applied(table, changes), kept, position: Math.max(table.position, position) };
  return cut({ ...next, seen: stillNeeded(next.seen, next.position) });
}

/** Later changes have later positions. Only a page can be ahead of that. */
function stillNeeded(seen: ReadonlyMap<string, number>, position: number): ReadonlyMap<string, number> {
  return new Map([...seen].filter(([, known]) => known > position));
}

function cut(table: DeliveryTable): DeliveryTable {
  const { rows, kept } = table;
  if (rows.length <= mostRows || kept !== undefined) return table;
  const left = rows.slice(0, keptRows);
  const last = left.at(-1);
  if (last === undefined) return table;
  // Rows of the same millisecond are read again, and are already in the table.
  const createdBefore = new Date(Date.parse(last.createdAt) + 1).toISOString();
  return { ...table, rows: left, oldest: last.id, next: { after: undefined, createdBefore } };
}

function withPage(table: DeliveryTable, page: Page, createdBefore: string | undefined): DeliveryTable {
  const seen = new Map(table.seen);
  const rows = [...table.rows];
  const known = new Set(rows.map(({ id }) => id));
  for (const row of page.nodes) {
    if (known.has(row.id)) continue;
    seen.set(row.id, page.logPosition);
    rows.push(row);
  }
  rows.sort(newestFirst);
  const { hasNextPage, endCursor } = page.pageInfo;
  return {
    ...table,
    rows,
    seen,
    next: hasNextPage && endCursor != null ? { after: endCursor, createdBefore } : undefined,
    oldest: hasNextPage ? page.nodes.at(-1)?.id : undefined,
  };
}

function applied(table: DeliveryTable, changes: readonly Change[]): DeliveryTable {
  const { statuses, oldest } = table;
  const seen = new Map(table.seen);
  const latest = new Map<string, Row | undefined>();
  for (const { deliveryId: id, position, delivery } of changes) {
    if (position <= (seen.get(id) ?? 0) || (oldest !== undefined && id < oldest)) continue;
    seen.set(id, position);
    latest.set(id, delivery != null && (statuses?.includes(delivery.status) ?? true) ? delivery : undefined);
  }
  if (latest.size === 0) return table;
  const rows: Row[] = [];
  for (const row of table.rows) {
    const next = latest.has(row.id) ? latest.get(row.id) : row;
    latest.delete(row.id);
    if (next !== undefined) rows.push(next);
  }
  const fresh = [...latest.values()].filter((row) => row !== undefined);
  if (fresh.length === 0) return { ...table, rows, seen };
  return { ...table, rows: [...fresh, ...rows].sort(newestFirst), seen };
}

/** Ids are in the order of time. */
const newestFirst = (a: Row, b: Row) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/**
 * The oldest row that has ended, of each endpoint. A purge removes all that an endpoint had, so where one of these is
 * gone, others are, too; the log tells of those alone that had not ended.
 */
export function oldestEnded({ rows }: DeliveryTable): readonly string[] {
  const oldest = new Map<string, string>();
  for (const { id, endpoint, completedAt } of rows) if (completedAt !== null) oldest.set(endpoint.id, id);
  return [...oldest.values()];
}
