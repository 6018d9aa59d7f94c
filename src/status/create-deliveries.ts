import type { Transaction } from 'kysely';
import type { Database } from '../db/pool.ts';
import { sqlStateOf } from '../db/retry.ts';
import { range, run, runWithin, statement } from '../db/statement.ts';
import type { DeliveryKind, Tables } from '../tables.ts';
import { createPlainEvent, type PlainEvent } from './create-plain-event.ts';
import { creation } from './creation.ts';
import { forwardHint, laneHint } from './lane-hint.ts';
import { logTail, statTail } from './log-tail.ts';
import { ownerGroupOf, shardOf } from './shard.ts';
import type { FailureReason } from './status.ts';

/** An event as it is stored: once per owner, with the body that every attempt sends. */
export type NewEvent = Readonly<{
  ownerId: string;
  id: string;
  type: string;
  body: string;
  tenantId: string | undefined;
  idempotencyKey: string | undefined;
  occurredAt: Date;
  /** Where its trace goes on. */
  traceContext?: string | undefined;
}>;

export type NewDelivery = Readonly<{
  ownerId: string;
  id: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  kind: DeliveryKind;
  /** If given, the delivery is created as FAILED, because its endpoint cannot receive it. */
  failureReason: FailureReason | undefined;
  replayOf: string | undefined;
  maxAttempts: number;
  /** The delay before its first attempt. */
  delayMs: number;
  /** Its endpoint sends one at a time, in order. */
  isStrict: boolean;
  tenantId: string | undefined;
  installationId: string | undefined;
}>;

/** A tenant's event of which an app gets a copy. It is written with the event, and the forwarder copies it. */
export type NewForward = Readonly<{
  ownerId: string;
  eventId: string;
  appId: string;
  installationId: string;
}>;

export type NewDeliveries = Readonly<{
  events: readonly NewEvent[];
  deliveries: readonly NewDelivery[];
  forwards?: readonly NewForward[];
}>;

/** The given rows without those of events that are stored already: the CTEs `ev`, `x` and `fwd`. */
export const creationSource = `ev as (
     insert into event (owner_id, id, type, body, tenant_id, idempotency_key, occurred_at, trace_context)
     select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz[],
                          $27::text[])
     on conflict (owner_id, id) do nothing
     returning id
   ),
   x as materialized (
     select * from unnest(
       $8::uuid[], $9::uuid[], $10::uuid[], $11::uuid[], $12::text[], $13::text[], $14::text[], $15::uuid[],
       $16::integer[], $17::float8[], $18::smallint[], $19::uuid[], $20::uuid[], $21::boolean[])
     as t(owner_id, id, endpoint_id, event_id, event_type, kind, reason, replay_of,
          max_attempts, delay_ms, shard, tenant_id, installation_id, is_event_new)
      where not is_event_new or event_id in (select id from ev)
   ),
   fwd as (
     insert into app_forward_outbox (owner_id, event_id, app_id, installation_id, app_group)
     select * from unnest($22::uuid[], $23::uuid[], $24::uuid[], $25::uuid[], $26::smallint[])
       as t(owner_id, event_id, app_id, installation_id, app_group)
      -- The first half is never true. Without it the planner turns the second into a join, which is quadratic here.
      where app_id is null or event_id in (select id from ev)
     returning 1
   )`;

/** Its parameters by owner, for the placement of a statement. */
export const creationOwners = [[...range(1, 7), 27], range(8, 21), range(22, 26)];

const createStatement = statement(
  'create_deliveries',
  `with audience as materialized (
     select case when exists (select from unnest($28::uuid[], $29::text[]) as v(owner_id, version)
                               where v.version <> audience_version(v.owner_id))
              then audience_changed() else 0 end as ok
   ),
   ${creationSource},
   ${creation},
   ${statTail},
   ${logTail({ writers: ['ev', 'fwd', 'queued', 'stat'], expected: 'x', strict: '$30::uuid[]', ceilings: '$31::jsonb' })}
   select ev.id from audience cross join checked left join ev on true where audience.ok = 0 and checked.ok = 0`,
  { owners: [...creationOwners, [28, 29]], returns: 'id uuid', isPrepared: true },
);

/** The version of the receivers with which a batch was planned. */
export type AudienceVersion = Readonly<{ ownerId: string; version: string }>;

const isOfChangedAudience = 'HG002';

/** Whether nothing was stored because the receivers have changed. */
export const isAudienceChanged = (error: unknown): boolean => sqlStateOf(error) === isOfChangedAudience;

const isOfTooMany = 'HG003';

/** The owner because of which nothing was stored: it could have got more waiting deliveries than it may have. */
export function ownerOfTooMany(error: unknown): string | undefined {
  if (sqlStateOf(error) !== isOfTooMany) return undefined;
  return error instanceof Error && 'detail' in error ? String(error.detail) : undefined;
}

/** What must hold when deliveries are stored. If it does not, nothing is stored. */
export type Preconditions = Readonly<{
  /** The versions of the receivers; otherwise `isAudienceChanged`. */
  versions?: readonly AudienceVersion[];
  /** By owner, the highest position of its log; otherwise `ownerOfTooMany`. */
  ceilings?: Readonly<Record<string, number>>;
}>;

/**
 * Stores events with their deliveries, the rows that make them due and the log's entries, in one statement and one
 * transaction. All owners belong to one owner group.
 *
 * An event that exists already is skipped, and so are its deliveries, because the same batch may be sent again after
 * a commit whose answer was lost. Deliveries of events that are not among `events` (replays) are always created.
 * Returns the ids of the events that are new.
 */
export async function createDeliveries(
  db: Database,
  batch: NewDeliveries,
  preconditions: Preconditions = {},
): Promise<ReadonlySet<string>> {
  const plain = plainEventOf(batch, preconditions);
  const stored =
    plain !== undefined && (await createPlainEvent(db, plain))
      ? new Set([plain.id])
      : await createAll(db, batch, preconditions);
  const words = hintWords(batch);
  if (words.size > 0) db.hints.send(words);
  return stored;
}

async function createAll(
  db: Database,
  batch: NewDeliveries,
  preconditions: Preconditions,
): Promise<ReadonlySet<string>> {
  const rows = await run<{ id: string | null }>(
    db,
    db.engine,
    createStatement,
    statementValues(batch, preconditions),
  );
  return new Set(rows.flatMap(({ id }) => id ?? []));
}

/** The only event of the batch, if it is a plain one with remembered receivers, which there are not on Citus. */
function plainEventOf(
  { events, deliveries, forwards = [] }: NewDeliveries,
  { versions = [], ceilings = {} }: Preconditions,
): PlainEvent | undefined {
  const [event] = events;
  const [audience] = versions;
  if (event === undefined || events.length > 1 || forwards.length > 0) return undefined;
  if (audience?.ownerId !== event.ownerId || versions.length > 1) return undefined;
  const { ownerId, id, type } = event;
  const isPlain = (delivery: NewDelivery) =>
    delivery.kind === 'EVENT' &&
    delivery.failureReason === undefined &&
    !delivery.isStrict &&
    delivery.replayOf === undefined &&
    delivery.installationId === undefined &&
    delivery.eventId === id &&
    delivery.eventType === type &&
    delivery.ownerId === ownerId &&
    delivery.tenantId === ownerId;
  if (deliveries.length === 0 || event.tenantId !== ownerId || !deliveries.every(isPlain)) return undefined;
  return {
    ...{ ownerId, id, type, body: event.body, idempotencyKey: event.idempotencyKey },
    ...{ occurredAt: event.occurredAt, traceContext: event.traceContext, deliveries },
    ...{ version: audience.version, ceiling: ceilings[ownerId] },
  };
}

/**
 * Does the same as the last statement of a transaction: the owner's log is locked until the commit. After the commit,
 * call `hintDeliveries`.
 */
export async function createDeliveriesWithin(trx: Transaction<Tables>, batch: NewDeliveries): Promise<void> {
  await runWithin(trx, createStatement, statementValues(batch, {}));
}

const statementValues = (batch: NewDeliveries, { versions = [], ceilings = {} }: Preconditions) => [
  ...creationValues(batch),
  versions.map(({ ownerId }) => ownerId),
  versions.map(({ version }) => version),
  strictEndpoints(batch.deliveries),
  JSON.stringify(ceilings),
];

/** The endpoints among them that are ordered strictly. */
export const strictEndpoints = (
  deliveries: readonly Pick<NewDelivery, 'endpointId' | 'isStrict'>[],
): string[] => [
  ...new Set(deliveries.filter(({ isStrict }) => isStrict).map(({ endpointId }) => endpointId)),
];

type Hinted = Pick<NewDelivery, 'ownerId' | 'endpointId' | 'failureReason'>;

/** Notifies the workers and the log's readers of what has been committed. */
export function hintDeliveries(db: Database, deliveries: readonly Hinted[]): void {
  if (deliveries.length > 0) db.hints.send(hintWords({ deliveries }));
}

/** The parameters of `creationSource`. */
export function creationValues({ events, deliveries, forwards = [] }: NewDeliveries): unknown[] {
  const newEvents = new Set(events.map(({ id }) => id));
  return [
    events.map(({ ownerId }) => ownerId),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ body }) => body),
    events.map(({ tenantId }) => tenantId ?? null),
    events.map(({ idempotencyKey }) => idempotencyKey ?? null),
    events.map(({ occurredAt }) => occurredAt),
    deliveries.map(({ ownerId }) => ownerId),
    deliveries.map(({ id }) => id),
    deliveries.map(({ endpointId }) => endpointId),
    deliveries.map(({ eventId }) => eventId),
    deliveries.map(({ eventType }) => eventType),
    deliveries.map(({ kind }) => kind),
    deliveries.map(({ failureReason }) => failureReason ?? null),
    deliveries.map(({ replayOf }) => replayOf ?? null),
    deliveries.map(({ maxAttempts }) => maxAttempts),
    deliveries.map(({ delayMs }) => delayMs),
    deliveries.map(({ ownerId, endpointId }) => shardOf(ownerId, endpointId)),
    deliveries.map(({ tenantId }) => tenantId ?? null),
    deliveries.map(({ installationId }) => installationId ?? null),
    deliveries.map(({ eventId }) => newEvents.has(eventId)),
    forwards.map(({ ownerId }) => ownerId),
    forwards.map(({ eventId }) => eventId),
    forwards.map(({ appId }) => appId),
    forwards.map(({ installationId }) => installationId),
    forwards.map(({ appId }) => ownerGroupOf(appId)),
    events.map(({ traceContext }) => traceContext ?? null),
  ];
}

/** Hints for the workers, the log's readers and the forwarders. */
export function hintWords({
  deliveries,
  forwards = [],
}: {
  deliveries: readonly Hinted[];
  forwards?: readonly NewForward[];
}): Set<string> {
  const words = new Set<string>();
  for (const { ownerId, endpointId, failureReason } of deliveries) {
    words.add(ownerId);
    if (failureReason === undefined) words.add(laneHint(ownerId, endpointId));
  }
  for (const { appId } of forwards) words.add(forwardHint(ownerGroupOf(appId)));
  return words;
}
