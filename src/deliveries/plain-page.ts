import { CompiledQuery, type Kysely } from 'kysely';
import type { PageRange } from '../db/keyset.ts';
import { runComposed } from '../db/statement.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Selected } from '../graph/look-ahead.ts';
import type { Tables } from '../tables.ts';
import { type Delivery, typeOfColumn } from './delivery.ts';
import { isRemoving } from './page-start.ts';

/** What the records of a page are asked for. */
export type Asked = Readonly<{ delivery: Selected; endpoint: Selected }>;

/** The rows of a page, and the newest position of the owner's log at the same moment. */
type PlainPage = Readonly<{ rows: Delivery[]; head: number }>;

type Row = Delivery & { head: number | null; is_removing: boolean | null; endpoint_url?: string };

/**
 * Reads the rows of a page without a filter, with the log's head and the endpoints that they show, by one statement. A
 * statement costs as much as thirty rows, and a column that nobody asked for as much as one that is shown. So there are
 * two sets of columns, the usual ones and all. With a set for each document, few plans would be used again.
 *
 * Undefined while purged deliveries are being removed: then nothing is read, because an index would walk over them.
 */
export async function readPlainPage(
  db: Kysely<Tables>,
  ownerId: string,
  { range, asked }: { range: PageRange; asked: Asked },
): Promise<PlainPage | undefined> {
  const shape = { range, columns: columnsFor(asked), withUrl: showsUrl(asked) };
  const query: CompiledQuery<Row> = CompiledQuery.raw(
    textOf(shape),
    [ownerId, range.after, range.before].filter(isGiven),
  );
  const found = await runComposed(db, { name: 'plain_page', query, ownerId, returns: returnsOf(shape) });
  let head = 0;
  const rows: Delivery[] = [];
  const endpoints = new Map<string, Endpoint>();
  for (const row of found) {
    if (row.is_removing === true) return undefined;
    // Every row has an id, apart from the one of the log.
    if (row.head !== null) {
      head = row.head;
      continue;
    }
    row.owner_id = ownerId;
    if (row.endpoint_url !== undefined) {
      const { endpoint_id: id, endpoint_url: url } = row;
      row.endpoint = endpoints.get(id) ?? ({ owner_id: ownerId, id, url } as Endpoint);
      endpoints.set(id, row.endpoint);
    }
    rows.push(row);
  }
  // UNION ALL promises no order.
  const sign = range.backward ? 1 : -1;
  rows.sort((a, b) => (a.id < b.id ? -sign : sign));
  return { rows, head };
}

const isGiven = (value: string | undefined): value is string => value !== undefined;

type Column = keyof typeof typeOfColumn;

/** The fields whose columns are read for every page, and these columns. */
const usualFields = new Set([
  '__typename',
  'id',
  'endpoint',
  'eventType',
  'kind',
  'status',
  'failureReason',
  'attemptCount',
  'maxAttempts',
  'nextAttemptAt',
  'createdAt',
  'completedAt',
]);
const usualColumns: readonly Column[] = [
  'id',
  'endpoint_id',
  'event_type',
  'kind',
  'status',
  'failure_reason',
  'attempt_count',
  'max_attempts',
  'next_attempt_at',
  'completed_at',
];
const allColumns = (Object.keys(typeOfColumn) as Column[]).filter((column) => column !== 'owner_id');

const isWithin = (selected: Selected, fields: ReadonlySet<string>): boolean => {
  for (const name of selected.keys()) if (!fields.has(name)) return false;
  return true;
};

const columnsFor = ({ delivery }: Asked) => (isWithin(delivery, usualFields) ? usualColumns : allColumns);

const fieldsWithUrl = new Set(['__typename', 'id', 'url']);

/** Whether its id and its URL are all that is asked of the endpoint. */
export const showsUrl = ({ endpoint }: Asked): boolean =>
  endpoint.size > 0 && isWithin(endpoint, fieldsWithUrl);

type Shape = Readonly<{ range: PageRange; columns: readonly Column[]; withUrl: boolean }>;

const returnsOf = ({ columns, withUrl }: Shape) =>
  `head bigint, is_removing boolean, ${columns.map((name) => `${name} ${typeOfColumn[name]}`).join(', ')}${withUrl ? ', endpoint_url text' : ''}`;

/**
 * Whether a delivery is visible, as in `isVisible`. The limit keeps the planner from beginning with the endpoints.
 */
function textOf({ range, columns, withUrl }: Shape): string {
  const nulls = columns.map((name) => `null::${typeOfColumn[name]} as ${name}`).join(', ');
  const after = range.after === undefined ? '' : 'and d.id < $2';
  const before = range.before === undefined ? '' : `and d.id > $${range.after === undefined ? 2 : 3}`;
  return `select l.head, ${isRemoving} as is_removing, ${nulls}${withUrl ? ', null::text as endpoint_url' : ''}
  from owner_log l where l.owner_id = $1
union all (
  select null, null, ${columns.map((name) => `d.${name}`).join(', ')}${withUrl ? ', e.url' : ''}
    from delivery d
    cross join lateral (select e.url from endpoint e
                         where e.owner_id = d.owner_id and e.id = d.endpoint_id and e.deleted_at is null
                           and (e.purged_through is null or d.id > e.purged_through) limit 1) e
   where d.owner_id = $1 ${after} ${before}
     and not (select ${isRemoving} from owner_log l where l.owner_id = $1)
   order by d.id ${range.backward ? 'asc' : 'desc'} limit ${range.limit})`;
}
