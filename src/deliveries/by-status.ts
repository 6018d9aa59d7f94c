import { type Kysely, type SqlBool, sql } from 'kysely';
import type { DeliveryStatus, Tables } from '../tables.ts';
import { isVisible } from './delivery.ts';

/**
 * How deliveries are found by status, without an index that holds it: with one, every change of every delivery would
 * write to all indexes.
 *
 * - Those that have not ended are in `due`, which has their status.
 * - Those that failed have a `failure_reason`, from which the status follows.
 * - Those that succeeded are nearly all, and are read in the order of their ids.
 */
type Status = DeliveryStatus;

const failed: readonly Status[] = ['FAILED', 'DEAD_LETTER'];
const waiting: readonly Status[] = ['PENDING', 'DELIVERING', 'RETRYING'];

export const areFailed = (statuses: readonly Status[]): boolean =>
  statuses.every((status) => failed.includes(status));

type Asked = Readonly<{
  status: readonly Status[] | undefined;
  id: readonly string[] | undefined;
  eventId: readonly string[] | undefined;
}>;

/** Whether a list is read from the queue. Those of one event or of given deliveries have shorter ways. */
export function isOfQueue(
  { status, id, eventId }: Asked,
  column: 'endpoint_id' | 'event_id' | 'replay_of' = 'endpoint_id',
): boolean {
  if (id !== undefined || eventId !== undefined || column !== 'endpoint_id') return false;
  return status !== undefined && status.length > 0 && status.every((one) => waiting.includes(one));
}

/** The statuses in lists that are each read in one way. One list if they include success. */
export function byWay(statuses: readonly Status[]): readonly (readonly Status[])[] {
  if (statuses.includes('SUCCEEDED')) return [statuses];
  const ways = [failed, waiting].map((way) => statuses.filter((status) => way.includes(status)));
  return ways.filter(({ length }) => length > 0);
}

/**
 * The failed deliveries of `delivery as d` that have one of these statuses, written as in the index of all failures, or
 * as in that of each endpoint's. The two differ in their form, so that the planner cannot take one for the other.
 */
export function isFailedAs(statuses: readonly Status[], { isOfEndpoint }: { isOfEndpoint: boolean }) {
  const status = isOfEndpoint
    ? sql`case d.failure_reason when 'RETRIES_EXHAUSTED' then 'DEAD_LETTER' else 'FAILED' end`
    : sql`case when d.failure_reason = 'RETRIES_EXHAUSTED' then 'DEAD_LETTER' else 'FAILED' end`;
  return sql<SqlBool>`d.failure_reason is not null and ${status} = ${wanted(statuses)}`;
}

/**
 * Waiting deliveries of an endpoint that have one of these statuses, written as in their index. That by status alone, which would
 * be read through all other endpoints, does not fit.
 */
export const isWaitingAs = (statuses: readonly Status[]) =>
  sql<SqlBool>`(d.status || '') = ${wanted(statuses)}`;

// A single value as an equality, so that the index returns the rows in the order of their ids.
const wanted = (statuses: readonly Status[]) =>
  statuses.length === 1 ? sql`${statuses[0]}::text` : sql`any(${[...statuses]}::text[])`;

/**
 * An owner's visible deliveries that have not ended, with the columns that filters use. What `due` does not have is
 * looked up row by row, and only if it is used.
 */
export function visibleWaiting(db: Kysely<Tables>, ownerId: string) {
  return db.selectFrom(waitingDeliveries.as('d')).where('d.owner_id', '=', ownerId).where(isVisible);
}

const lookedUp = (column: 'event_type' | 'tenant_id') => sql`
  (select x.${sql.ref(column)} from delivery x where x.owner_id = q.owner_id and x.id = q.delivery_id)`;

const waitingDeliveries = sql<Tables['delivery']>`(
  select q.owner_id, q.delivery_id as id, q.endpoint_id, q.event_id, q.status, q.kind,
         null::timestamptz as replayed_at,
         ${lookedUp('event_type')} as event_type, ${lookedUp('tenant_id')} as tenant_id
    from due q)`;
