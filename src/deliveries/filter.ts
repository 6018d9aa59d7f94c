import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import { badUserInput, invalid } from '../errors.ts';
import { decodeId, firstUuidAt, type IdType, lowestUuid } from '../ids.ts';
import type { LogChange } from '../live/read-log.ts';
import type { DeliveryKind, DeliveryStatus, Tables } from '../tables.ts';
import { storable } from '../text.ts';
import { areFailed, isFailedAs, isOfQueue, isWaitingAs } from './by-status.ts';
import type { DeliveryTables } from './delivery.ts';
import { errorTextRule, hasMatchingAttempt, isAboutAttempts, isErrorText } from './matching-attempts.ts';

/**
 * One filter for lists, counts, bulk replay and the live log. A condition that is null or absent is ignored; an empty
 * list matches nothing, and neither does an id that is malformed or of another type.
 *
 * `resolveFilter` reads it once. The result can then be used as SQL over `delivery` and as a predicate over the log's
 * changes, with the same meaning.
 */
export type DeliveryFilter = Readonly<{
  id?: readonly string[] | null | undefined;
  eventId?: readonly string[] | null | undefined;
  /** The externalIds of tenants. */
  tenant?: readonly string[] | null | undefined;
  isReplayed?: boolean | null | undefined;
  status?: readonly DeliveryStatus[] | null | undefined;
  eventType?: readonly string[] | null | undefined;
  endpointId?: readonly string[] | null | undefined;
  kind?: readonly DeliveryKind[] | null | undefined;
  /** The statuses of answers, of which an attempt must have had one. */
  responseStatus?: readonly number[] | null | undefined;
  /** A text that the error of an attempt must contain. */
  errorContains?: string | null | undefined;
  /** The window is `createdAfter` <= created < `createdBefore`. */
  createdAfter?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
}>;

export const hasConditions = (filter: DeliveryFilter | null | undefined): boolean =>
  Object.values(filter ?? {}).some((condition) => condition != null);

/** The filter with UUIDs, the ids of tenants, and the window as a range of ids. Undefined means no condition. */
export type DeliveryConditions = Readonly<{
  id: readonly string[] | undefined;
  eventId: readonly string[] | undefined;
  tenantId: readonly string[] | undefined;
  isReplayed: boolean | undefined;
  status: readonly DeliveryStatus[] | undefined;
  eventType: readonly string[] | undefined;
  endpointId: readonly string[] | undefined;
  kind: readonly DeliveryKind[] | undefined;
  responseStatus: readonly number[] | undefined;
  errorContains: string | undefined;
  firstId: string | undefined;
  /** Exclusive. */
  endId: string | undefined;
}>;

/** Throws BAD_USER_INPUT for an empty window and an unfit text. An unknown tenant matches nothing. */
export async function resolveFilter(
  db: Kysely<Tables>,
  filter: DeliveryFilter | null | undefined,
): Promise<DeliveryConditions> {
  const { createdAfter, createdBefore, errorContains, ...lists } = filter ?? {};
  if (createdAfter != null && createdBefore != null && createdAfter >= createdBefore) {
    throw badUserInput('`createdAfter` must be earlier than `createdBefore`.', { argument: 'filter' });
  }
  if (errorContains != null && !isErrorText(errorContains)) {
    throw badUserInput(`\`errorContains\` ${errorTextRule}.`, { argument: 'filter' });
  }
  return {
    id: uuids('Delivery', lists.id),
    eventId: uuids('Event', lists.eventId),
    tenantId: lists.tenant == null ? undefined : await tenantIds(db, storable(lists.tenant)),
    isReplayed: lists.isReplayed ?? undefined,
    status: lists.status ?? undefined,
    eventType: lists.eventType == null ? undefined : storable(lists.eventType),
    endpointId: uuids('Endpoint', lists.endpointId),
    kind: lists.kind ?? undefined,
    responseStatus: lists.responseStatus ?? undefined,
    errorContains: errorContains ?? undefined,
    firstId: createdAfter == null ? undefined : firstUuidAt(createdAfter.getTime()),
    endId: createdBefore == null ? undefined : firstUuidAt(createdBefore.getTime()),
  };
}

/**
 * The conditions as SQL over `delivery as d`, without the owner's. Conditions on rare values are written as in their
 * partial index. `isOfEndpoint` tells that the rows are of one endpoint or of a few.
 */
export function matchesFilter(
  conditions: DeliveryConditions,
  isOfEndpoint = conditions.endpointId !== undefined,
) {
  return (where: ExpressionBuilder<DeliveryTables, 'd'>) => {
    const all: Expression<SqlBool>[] = [];
    if (conditions.id !== undefined) all.push(where('d.id', '=', anyUuid(conditions.id)));
    if (conditions.eventId !== undefined) all.push(where('d.event_id', '=', anyUuid(conditions.eventId)));
    if (conditions.tenantId !== undefined) all.push(where('d.tenant_id', '=', anyUuid(conditions.tenantId)));
    if (conditions.isReplayed !== undefined) {
      all.push(where('d.replayed_at', conditions.isReplayed ? 'is not' : 'is', null));
    }
    if (conditions.status !== undefined) {
      if (areFailed(conditions.status)) all.push(isFailedAs(conditions.status, { isOfEndpoint }));
      else if (isOfEndpoint && isOfQueue(conditions)) all.push(isWaitingAs(conditions.status));
      else all.push(where('d.status', '=', anyText(conditions.status)));
    }
    if (conditions.eventType !== undefined) {
      all.push(where('d.event_type', '=', anyText(conditions.eventType)));
    }
    if (conditions.endpointId !== undefined)
      all.push(where('d.endpoint_id', '=', anyUuid(conditions.endpointId)));
    if (conditions.kind !== undefined) {
      all.push(where('d.kind', '=', anyText(conditions.kind)));
      if (!conditions.kind.includes('EVENT')) all.push(sql<SqlBool>`d.kind <> 'EVENT'`);
    }
    if (isAboutAttempts(conditions)) all.push(hasMatchingAttempt(conditions));
    if (conditions.firstId !== undefined) all.push(where('d.id', '>=', conditions.firstId));
    if (conditions.endId !== undefined) all.push(where('d.id', '<', conditions.endId));
    return where.and(all);
  };
}

/**
 * The conditions for the live log. `status` is the status that a change leads to. Only ended deliveries are replayed,
 * so `isReplayed: true` matches no change. The log does not have the texts of errors, so `errorContains` must
 * have been refused before.
 */
export function changeMatcher(conditions: DeliveryConditions): (change: LogChange) => boolean {
  if (Object.values(conditions).every((condition) => condition === undefined)) return () => true;
  const { firstId, endId, isReplayed } = conditions;
  const id = setOf(conditions.id);
  const eventId = setOf(conditions.eventId);
  const tenantId = setOf(conditions.tenantId);
  const status = setOf(conditions.status);
  const eventType = setOf(conditions.eventType);
  const endpointId = setOf(conditions.endpointId);
  const kind = setOf(conditions.kind);
  const responseStatus = setOf(conditions.responseStatus);
  return (change) =>
    isReplayed !== true &&
    (status === undefined || status.has(change.status)) &&
    (endpointId === undefined || endpointId.has(change.endpointId)) &&
    (eventType === undefined || eventType.has(change.eventType)) &&
    (id === undefined || id.has(change.deliveryId)) &&
    (eventId === undefined || eventId.has(change.eventId)) &&
    (kind === undefined || kind.has(change.kind)) &&
    (responseStatus === undefined ||
      (change.responseStatus !== null && responseStatus.has(change.responseStatus))) &&
    (tenantId === undefined || (change.tenantId !== null && tenantId.has(change.tenantId))) &&
    (firstId === undefined || change.deliveryId >= firstId) &&
    (endId === undefined || change.deliveryId < endId);
}

const setOf = <T>(values: readonly T[] | undefined) => (values === undefined ? undefined : new Set(values));

// A single value is written as an equality, because an index then returns the rows in the order of their ids, which
// it cannot for an array.
const anyUuid = (ids: readonly string[]) =>
  ids.length === 1 ? sql<string>`${ids[0]}::uuid` : sql<string>`any(${[...ids]}::uuid[])`;
const anyText = <Text extends string>(texts: readonly Text[]) =>
  texts.length === 1 ? sql<Text>`${texts[0]}::text` : sql<Text>`any(${[...texts]}::text[])`;

const uuids = (type: IdType, ids: readonly string[] | null | undefined) =>
  ids == null ? undefined : ids.flatMap((id) => decodeId(type, id) ?? []);

/** Throws a ValidationError. It is for jobs; in a list such a window only matches nothing. */
export function refuseEmptyWindow({ createdAfter, createdBefore }: DeliveryFilter): void {
  if (createdAfter == null || createdBefore == null || createdAfter < createdBefore) return;
  throw invalid(
    ['filter', 'createdBefore'],
    'EMPTY_WINDOW',
    '`createdAfter` must be earlier than `createdBefore`.',
  );
}

async function tenantIds(db: Kysely<Tables>, externalIds: readonly string[]): Promise<string[]> {
  if (externalIds.length === 0) return [];
  // An unknown name becomes an id that does not exist. The search is the same, so that its time does not tell which
  // tenants exist.
  const { rows } = await sql<{ id: string }>`
    select coalesce(tenant.id, ${lowestUuid}::uuid) as id
      from unnest(${[...externalIds]}::text[]) as named (external_id) left join tenant using (external_id)
  `.execute(db);
  return rows.map(({ id }) => id);
}
