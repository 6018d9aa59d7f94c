import { type Compilable, type Kysely, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import {
  type Page,
  type PageArgs,
  type PageRange,
  pageRange,
  type ReadRange,
  readPage,
  toPage,
} from '../db/keyset.ts';
import { runComposed } from '../db/statement.ts';
import type { Tables } from '../tables.ts';
import { byWay, isOfQueue, visibleWaiting } from './by-status.ts';
import { type Delivery, type DeliveryTables, deliveryColumns, visibleDeliveries } from './delivery.ts';
import { type DeliveryConditions, type DeliveryFilter, matchesFilter, resolveFilter } from './filter.ts';
import { type Found, isAboutAttempts, maxSearched, search, stoppedPage } from './matching-attempts.ts';
import { type DeliveryScope, scopeWhileRemoving, targetsOf } from './scope.ts';

/**
 * A list reads as many rows as it shows and one more, in the order of an index.
 *
 * An index has the order of the ids only if every column before the id has a single value. So a filter with several
 * endpoints, or with several of the rare statuses, is read as several lists that are merged lazily: each list reads
 * one row at first, and another one for each of its rows that is shown.
 */

/** With more lists than this, planning would take more time than merging saves. */
const maxMerged = 32;

/** A page of an owner's deliveries, newest first, without purged ones and those of deleted endpoints. */
export async function listDeliveries(
  db: Kysely<Tables>,
  ownerId: string,
  options: Readonly<{
    page: PageArgs;
    filter?: DeliveryFilter | null | undefined;
    /** False if it is known that nothing purged has to be removed; otherwise it is asked for. */
    isRemoving?: boolean;
  }>,
): Promise<Page<Delivery>> {
  const conditions = await resolveFilter(db, options.filter);
  const range = pageRange(options.page, { kind: 'Delivery', ownerId });
  const read = await readerOf(db, ownerId, { conditions, isRemoving: options.isRemoving });
  if (!isAboutAttempts(conditions)) return await readPage(range, read);
  return await searchedPage(range, (within) => search({ db, ownerId, conditions, read }, within));
}

/** Reads rows of the list of all of an owner's deliveries. */
export const unfiltered =
  (db: Kysely<Tables>, ownerId: string): ReadRange<Delivery> =>
  async (range) =>
    (await readerOf(db, ownerId, { conditions: await resolveFilter(db, undefined) }))(range);

/** Searches the newest deliveries for those that match, until `limit` are found. */
export async function searchNewest(
  db: Kysely<Tables>,
  ownerId: string,
  { conditions, limit }: { conditions: DeliveryConditions; limit: number },
): Promise<Found> {
  const range = { ...pageRange({}, { kind: 'Delivery', ownerId }), limit };
  return await search({ db, ownerId, conditions, read: await readerOf(db, ownerId, { conditions }) }, range);
}

/** Reads the rows of a range that meet the conditions, apart from those on attempts. */
async function readerOf(
  db: Kysely<Tables>,
  ownerId: string,
  asked: { conditions: DeliveryConditions; isRemoving?: boolean | undefined },
) {
  const conditions = { ...asked.conditions, ...anyAttempts };
  const scope = asked.isRemoving === false ? undefined : await scopeWhileRemoving(db, ownerId, conditions);
  return async (range: PageRange): Promise<readonly Delivery[]> => {
    const page = rowsOfPage(
      db,
      ownerId,
      scope === undefined
        ? { conditions, range }
        : { conditions: { ...conditions, endpointId: undefined }, range, scope, isOnePage: true },
    );
    return page === undefined ? [] : await rowsOf(db, ownerId, page);
  };
}

const anyAttempts = { responseStatus: undefined, errorContains: undefined };

async function searchedPage(
  range: PageRange,
  searchIn: (range: PageRange) => Promise<Found>,
): Promise<Page<Delivery>> {
  const found = await searchIn(range);
  // Whether there is more on the other side is only asked for with a cursor, and then searched for as well. If that
  // search has to stop, there may be.
  const page = toPage(found.rows, range, async (beyond) => {
    const { rows, stoppedAt } = await searchIn(beyond);
    return rows.length > 0 || stoppedAt === undefined ? rows : [stoppedAt];
  });
  return stoppedPage(page, found, range);
}

/** A page for each record of a scope, in one statement. */
export async function listDeliveriesOf(
  db: Kysely<Tables>,
  ownerId: string,
  options: Readonly<{ scope: DeliveryScope; range: PageRange; filter?: DeliveryFilter | null | undefined }>,
): Promise<ReadonlyMap<string, Page<Delivery>>> {
  const { scope, range } = options;
  const asked = await resolveFilter(db, options.filter);
  const conditions = { ...asked, ...anyAttempts };
  const read = async (of: DeliveryScope, within: PageRange) => {
    const page = rowsOfPage(db, ownerId, { conditions, range: within, scope: of });
    const grouped = new Map<string, Delivery[]>(of.ids.map((id) => [id, []]));
    const rows = page === undefined ? [] : await rowsOf(db, ownerId, page);
    for (const row of rows) grouped.get(row[of.column] ?? '')?.push(row);
    return grouped;
  };
  const readOf = (id: string) => async (within: PageRange) =>
    (await read({ ...scope, ids: [id] }, within)).get(id) ?? [];
  if (!isAboutAttempts(asked)) {
    return new Map(
      [...(await read(scope, range))].map(([id, found]) => [id, toPage(found, range, readOf(id))]),
    );
  }
  // The pages share what one search may look at.
  const most = Math.max(1, Math.floor(maxSearched / scope.ids.length));
  const pages = new Map<string, Page<Delivery>>();
  for (const id of scope.ids) {
    const searching = { db, ownerId, conditions: asked, read: readOf(id), most };
    pages.set(id, await searchedPage(range, (within) => search(searching, within)));
  }
  return pages;
}

/** With a page for each record, the limit is within a lateral join. */
const rowsOf = (db: Kysely<Tables>, ownerId: string, page: Compilable<Delivery>): Promise<Delivery[]> =>
  runComposed(db, { name: 'deliveries', query: page.compile(), ownerId, returns: deliveryColumns });

/**
 * The number of rows is written into the text. With a parameter in its place, the plan that is kept for all calls would
 * count on reading a tenth of everything, so that none would be kept.
 */
const literal = (limit: number) => sql.lit(limit);

type ListOptions = Readonly<{
  conditions: DeliveryConditions;
  range: PageRange;
  scope?: DeliveryScope;
  /** One page for all records of the scope together, not a page for each. */
  isOnePage?: boolean;
}>;

/** Undefined if the filter can match nothing. */
function rowsOfPage(db: Kysely<Tables>, ownerId: string, options: ListOptions) {
  const { scope, range } = options;
  const lists = listsToMerge(options).map((conditions) =>
    orderedList(db, ownerId, { ...options, conditions }),
  );
  const [list] = lists;
  if (list === undefined || scope?.ids.length === 0) return undefined;
  const direction = range.backward ? 'asc' : 'desc';
  const merged =
    lists.length === 1
      ? list
      : db
          .selectFrom(sql<Delivery>`(${sql.join(lists, sql` union all `)})`.as('m'))
          .selectAll('m')
          .orderBy('m.id', direction)
          .limit(literal(range.limit));
  if (scope === undefined) return merged;
  const pages = db
    .selectFrom(targetsOf(ownerId, scope).as('target'))
    .crossJoinLateral(() => merged.as('page'))
    .selectAll('page')
    .orderBy('page.id', direction);
  return options.isOnePage === true ? pages.limit(literal(range.limit)) : pages;
}

/**
 * Splits the filter so that each column that an index has before the id has one value. It also splits event types if
 * the index has them after the id, because PostgreSQL before 17 checks several of them in the table, row by row.
 */
function listsToMerge({ conditions, scope }: ListOptions): readonly DeliveryConditions[] {
  const leading = leadingColumns(conditions, scope);
  const byStatus = leading.includes('status') ? inWays(conditions) : [conditions];
  const lists = leading.reduce(withOneValueEach, byStatus);
  if (lists.length > maxMerged) return byStatus;
  const hasTypeBehind = leading.some((name) => name === 'status' || name === 'endpointId');
  if (!hasTypeBehind && scope?.column !== 'endpoint_id') return lists;
  const listsByType = lists.flatMap((list) =>
    isOfQueue(list, scope?.column) ? [list] : withOneValueEach([list], 'eventType'),
  );
  return listsByType.length <= maxMerged ? listsByType : lists;
}

/** The statuses are read in different ways. */
const inWays = (conditions: DeliveryConditions): readonly DeliveryConditions[] =>
  byWay(conditions.status ?? []).map((status) => ({ ...conditions, status }));

function withOneValueEach(
  lists: readonly DeliveryConditions[],
  name: LeadingColumn,
): readonly DeliveryConditions[] {
  return lists.flatMap((list) => {
    const values = list[name];
    return values === undefined
      ? [list]
      : [...new Set<string>(values)].map((value) => ({ ...list, [name]: [value] }));
  });
}

type LeadingColumn = 'eventId' | 'endpointId' | 'status' | 'eventType' | 'tenantId' | 'kind';

/** The columns, of which the one whose lists are usually shortest is used. */
function leadingColumns(
  conditions: DeliveryConditions,
  scope: ListOptions['scope'],
): readonly LeadingColumn[] {
  const { eventId, endpointId, status, eventType, tenantId, kind } = conditions;
  if (scope?.column === 'event_id' || scope?.column === 'replay_of') return [];
  if (eventId !== undefined) return ['eventId'];
  const isOfEndpoints = endpointId !== undefined;
  if (status !== undefined && !status.includes('SUCCEEDED')) {
    return isOfEndpoints ? ['endpointId', 'status'] : ['status'];
  }
  if (isOfEndpoints) return ['endpointId'];
  if (scope !== undefined) return [];
  if (kind !== undefined && !kind.includes('EVENT')) return ['kind'];
  if (eventType !== undefined) return ['eventType'];
  return tenantId === undefined ? [] : ['tenantId'];
}

/** The rows of one index in their order, as far as the page may need them. */
function orderedList(db: Kysely<Tables>, ownerId: string, list: ListOptions) {
  if (!isOfQueue(list.conditions, list.scope?.column))
    return bounded(visibleDeliveries(db, ownerId).selectAll('d'), ownerId, list);
  const ids = bounded(visibleWaiting(db, ownerId).select('d.id'), ownerId, list);
  return db
    .selectFrom(
      sql<Delivery>`(select x.* from ${ids} p cross join lateral (
        select * from delivery where owner_id = ${ownerId} and id = p.id limit 1) x)`.as('d'),
    )
    .selectAll('d')
    .orderBy('d.id', list.range.backward ? 'asc' : 'desc');
}

/** The conditions, the order and the bounds of a list. */
function bounded<Row>(
  rows: SelectQueryBuilder<DeliveryTables, 'd', Row>,
  ownerId: string,
  { conditions, range, scope }: ListOptions,
) {
  let query = rows
    .where(matchesFilter(conditions, scope !== undefined || conditions.endpointId !== undefined))
    .orderBy('d.id', range.backward ? 'asc' : 'desc')
    .limit(literal(range.limit));
  // The order is newest first, so deliveries after a cursor are older than it.
  if (range.after !== undefined) query = query.where('d.id', '<', range.after);
  if (range.before !== undefined) query = query.where('d.id', '>', range.before);
  // Written as in the partial index: an app's deliveries of its tenants' events.
  if (conditions.tenantId !== undefined && !conditions.tenantId.includes(ownerId)) {
    query = query.whereRef('d.tenant_id', '<>', 'd.owner_id');
  }
  if (scope !== undefined) query = query.where(sql<SqlBool>`${sql.ref(`d.${scope.column}`)} = target.id`);
  // An additional bound for the index, so that a page right after a purge does not walk over purged rows.
  if (scope?.column === 'endpoint_id') query = query.where(sql<SqlBool>`d.id > target.purged_through`);
  return query;
}
