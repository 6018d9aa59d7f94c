import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import { isTransient, retrying } from '../db/retry.ts';
import { run, statement } from '../db/statement.ts';
import { queueOrRefuse } from '../endpoints/queue-or-refuse.ts';
import { IdempotencyError, LimitExceededError, RequestError } from '../errors.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { databaseNow, mintUuid } from '../ids.ts';
import {
  createDeliveries,
  type NewDelivery,
  type NewEvent,
  type NewForward,
} from '../status/create-deliveries.ts';
import { renderEventBody } from '../status/event-body.ts';
import { ownerGroupOf, ownerGroups } from '../status/shard.ts';
import type { CheckedEvent } from './check-events.ts';
import { type KeyedEvent, keyOf, releaseEventKeys, takeEventKeys } from './event-keys.ts';
import { type ConcernedApp, findAudience } from './fan-out.ts';

/**
 * Publishing: when it has answered, the events and all their deliveries are committed.
 *
 * Group commit: while one batch of an owner group is under way, the calls that arrive gather and go together in the
 * next. A batch takes its idempotency keys, reads who subscribed, renders each body once, and stores everything in
 * one statement (`createDeliveries`).
 *
 * What if the process dies? Before the statement: keys without events, which their next caller fills. After it:
 * everything is stored; the caller, who got no answer, asks again with the key and gets the same event. A statement
 * whose answer was lost is repeated with the same ids, and changes nothing the second time.
 *
 * An endpoint that is deactivated or deleted between the read and the commit is met by the claim, which ends what it
 * must not send.
 */
const eventsPerBatch = 2_000;
const deliveriesPerStatement = 10_000;
const maxDeliveriesPerCall = 100_000;
/** What may wait in this process before callers are turned away. */
const maxWaitingEvents = 20_000;
const maxWaitingBytes = 64 * 1024 * 1024;
const retries = 6;

export type PublishedEvent = Readonly<{
  ownerId: string;
  eventId: string;
  isDuplicate: boolean;
  deliveryCount: number;
}>;

type Call = {
  events: readonly CheckedEvent[];
  resolve: (published: PublishedEvent[]) => void;
  reject: (error: unknown) => void;
};

/** An event on its way into the database. */
type Planned = {
  checked: CheckedEvent;
  id: string;
  occurredAt: Date;
  /** Its key stands earlier in the same batch. */
  isRepeated: boolean;
  isStored: boolean;
};

export class Publisher {
  readonly #db: Database;
  readonly #config: Pick<Config, 'retrySchedule' | 'requireVerification'>;
  #waitingEvents = 0;
  #waitingBytes = 0;
  readonly #groups: { waiting: Call[]; isRunning: boolean }[];

  constructor(options: {
    database: Database;
    config: Pick<Config, 'retrySchedule' | 'requireVerification'>;
  }) {
    this.#db = options.database;
    this.#config = options.config;
    this.#groups = Array.from({ length: ownerGroups }, () => ({
      waiting: [],
      isRunning: false,
    }));
  }

  /** Publishes all or none, in the order given; of several tenants' events, all or none of each owner group. */
  async publish(events: readonly CheckedEvent[]): Promise<PublishedEvent[]> {
    const places = new Map<number, number[]>();
    for (const [index, { tenantId }] of events.entries()) {
      const group = ownerGroupOf(tenantId);
      places.set(group, [...(places.get(group) ?? []), index]);
    }
    const published: PublishedEvent[] = [];
    await Promise.all(
      [...places].map(async ([group, indexes]) => {
        const part = await this.#enqueue(
          group,
          indexes.flatMap((index) => events[index] ?? []),
        );
        for (const [position, index] of indexes.entries()) {
          const event = part[position];
          if (event !== undefined) published[index] = event;
        }
      }),
    );
    return published;
  }

  #enqueue(index: number, events: readonly CheckedEvent[]): Promise<PublishedEvent[]> {
    const group = this.#groups[index];
    if (group === undefined) return Promise.resolve([]);
    const bytes = bytesOf(events);
    if (
      this.#waitingEvents > 0 &&
      (this.#waitingEvents + events.length > maxWaitingEvents || this.#waitingBytes + bytes > maxWaitingBytes)
    ) {
      const message =
        'More is being published than the database takes: nothing was stored, try again in a moment.';
      return Promise.reject(new RequestError('RATE_LIMITED', message, { retryAfterSeconds: 1 }));
    }
    this.#waitingEvents += events.length;
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      group.waiting.push({ events, resolve, reject });
      if (group.isRunning) return;
      group.isRunning = true;
      // Calls that arrive in the same turn of the event loop go together.
      setImmediate(() => void this.#drain(group));
    });
  }

  async #drain(group: { waiting: Call[]; isRunning: boolean }): Promise<void> {
    while (group.waiting.length > 0) {
      let size = 0;
      let take = 0;
      for (const call of group.waiting) {
        if (take > 0 && size + call.events.length > eventsPerBatch) break;
        size += call.events.length;
        take += 1;
      }
      const batch = group.waiting.splice(0, take);
      await this.#storeApart(batch);
      this.#waitingEvents -= size;
      this.#waitingBytes -= batch.reduce((sum, { events }) => sum + bytesOf(events), 0);
    }
    group.isRunning = false;
  }

  /** One call's bad luck is not its neighbours': a batch that fails for its content is stored call by call. */
  async #storeApart(batch: readonly Call[]): Promise<void> {
    try {
      await this.#store(batch);
    } catch (error) {
      if (batch.length === 1 || isTransient(error)) {
        for (const call of batch) call.reject(error);
        return;
      }
      for (const call of batch) await this.#storeApart([call]);
    }
  }

  async #store(batch: readonly Call[]): Promise<void> {
    const plans = await this.#plan(batch);
    const accepted = batch.filter((call) => plans.has(call));
    const fresh = new Map<string, Planned>();
    for (const call of accepted) {
      for (const event of plans.get(call) ?? []) if (!event.isStored) fresh.set(event.id, event);
    }
    const { counts, stored } = await this.#insert([...fresh.values()]);
    const old = accepted.flatMap((call) => (plans.get(call) ?? []).filter(({ id }) => !counts.has(id)));
    for (const [id, count] of await this.#countDeliveries(old)) counts.set(id, count);
    for (const call of accepted) {
      call.resolve(
        (plans.get(call) ?? []).map(({ checked, id, isRepeated }) => ({
          ownerId: checked.tenantId,
          eventId: id,
          isDuplicate: isRepeated || (checked.idempotencyKey !== undefined && !stored.has(id)),
          deliveryCount: counts.get(id) ?? 0,
        })),
      );
    }
  }

  /** Gives every event its id: a new one, or its key's. A call whose key stands for another input is refused here. */
  async #plan(batch: readonly Call[]): Promise<Map<Call, Planned[]>> {
    const first = new Map<string, Planned>();
    const plans = new Map<Call, Planned[]>();
    for (const call of batch) {
      const planned: Planned[] = [];
      for (const checked of call.events) {
        const key = placeOf(checked);
        const before = key === undefined ? undefined : first.get(key);
        const event: Planned =
          before === undefined
            ? {
                checked,
                id: mintUuid(),
                occurredAt: checked.occurredAt ?? new Date(databaseNow()),
                isRepeated: false,
                isStored: false,
              }
            : { ...before, checked, isRepeated: true };
        if (key !== undefined && before === undefined) first.set(key, event);
        planned.push(event);
      }
      plans.set(call, planned);
    }
    if (first.size === 0) return plans;

    const keyed = [...first.values()].map(keyedEvent);
    const known = await retrying(() => takeEventKeys(this.#db, keyed), { attempts: retries });
    const ids = new Map(
      keyed.map((event) => [keyOf(event), { id: event.eventId, hash: event.inputHash, isStored: false }]),
    );
    for (const [key, row] of known)
      ids.set(key, { id: row.event_id, hash: row.input_hash, isStored: row.is_stored });
    for (const [call, planned] of plans) {
      const reused = planned.find(({ checked }) => {
        const key = placeOf(checked);
        return key !== undefined && ids.get(key)?.hash.equals(checked.inputHash) === false;
      });
      if (reused !== undefined) {
        plans.delete(call);
        call.reject(new IdempotencyError('IDEMPOTENCY_KEY_REUSED', reused.checked.idempotencyKey ?? ''));
        continue;
      }
      for (const event of planned) {
        const key = placeOf(event.checked);
        const holder = key === undefined ? undefined : ids.get(key);
        if (key === undefined || holder === undefined) continue;
        event.id = holder.id;
        event.isStored = holder.isStored;
      }
    }
    await this.#releaseUnused(keyed, plans);
    return plans;
  }

  /** Keys that only refused calls had taken. */
  async #releaseUnused(keyed: readonly KeyedEvent[], plans: ReadonlyMap<Call, Planned[]>): Promise<void> {
    const used = new Set([...plans.values()].flat().map(({ id }) => id));
    const unused = keyed.filter(({ eventId }) => !used.has(eventId));
    if (unused.length > 0) await releaseEventKeys(this.#db, unused);
  }

  /** Stores new events with their deliveries. Returns how many deliveries each has, and which it was that stored. */
  async #insert(events: readonly Planned[]): Promise<{ counts: Map<string, number>; stored: Set<string> }> {
    const counts = new Map<string, number>();
    const stored = new Set<string>();
    if (events.length === 0) return { counts, stored };
    const owners = [...new Set(events.map(({ checked }) => checked.tenantId))];
    const patterns = [
      ...new Set(events.flatMap(({ checked: { type } }) => patternsOf(type.name, type.category))),
    ];
    const categories = [...new Set(events.map(({ checked: { type } }) => type.category))];
    const audience = await retrying(() => findAudience(this.#db, owners, { patterns, categories }), {
      attempts: retries,
    });

    let chunk: Chunk = { events: [], deliveries: [], forwards: [] };
    const chunks = [chunk];
    let total = 0;
    for (const event of events) {
      const wanted = new Set(patternsOf(event.checked.type.name, event.checked.type.category));
      const deliveries = (audience.endpoints.get(event.checked.tenantId) ?? [])
        .filter((endpoint) => endpoint.events.some((pattern) => wanted.has(pattern)))
        .map((endpoint) => this.#deliveryTo(endpoint, event));
      if (chunk.deliveries.length + deliveries.length > deliveriesPerStatement && chunk.events.length > 0) {
        chunk = { events: [], deliveries: [], forwards: [] };
        chunks.push(chunk);
      }
      chunk.events.push(rowOf(event));
      chunk.deliveries.push(...deliveries);
      chunk.forwards.push(...forwardsOf(event, audience.apps.get(event.checked.tenantId) ?? []));
      counts.set(event.id, deliveries.length);
      total += deliveries.length;
    }
    if (total > maxDeliveriesPerCall) {
      const message = `These events have ${total} deliveries; publish fewer in one call.`;
      throw new LimitExceededError(maxDeliveriesPerCall, message);
    }
    for (const part of chunks) {
      const ids = await retrying(() => createDeliveries(this.#db, part), { attempts: retries });
      for (const id of ids) stored.add(id);
    }
    return { counts, stored };
  }

  #deliveryTo(endpoint: Parameters<typeof queueOrRefuse>[0] & { id: string }, event: Planned): NewDelivery {
    const { retrySchedule, requireVerification } = this.#config;
    const firstDelayMs = (retrySchedule[0] ?? 0) * 1000;
    return {
      ownerId: event.checked.tenantId,
      id: mintUuid(),
      endpointId: endpoint.id,
      eventId: event.id,
      eventType: event.checked.type.name,
      kind: 'EVENT',
      replayOf: undefined,
      maxAttempts: retrySchedule.length,
      tenantId: event.checked.tenantId,
      installationId: undefined,
      ...queueOrRefuse(endpoint, { requireVerification, firstDelayMs }),
    };
  }

  async #countDeliveries(events: readonly Planned[]): Promise<Map<string, number>> {
    if (events.length === 0) return new Map();
    const rows = await retrying(
      () =>
        run<{ event_id: string; n: number }>(this.#db, this.#db.engine, countStatement, [
          events.map(({ checked }) => checked.tenantId),
          events.map(({ id }) => id),
        ]),
      { attempts: retries },
    );
    return new Map(rows.map(({ event_id, n }) => [event_id, n]));
  }
}

const countStatement = statement(
  'count_deliveries_of_events',
  `select x.event_id, (select count(*)::integer from delivery d
                        where d.owner_id = x.owner_id and d.event_id = x.event_id and d.kind = 'EVENT') as n
     from unnest($1::uuid[], $2::uuid[]) as x(owner_id, event_id)`,
);

type Chunk = { events: NewEvent[]; deliveries: NewDelivery[]; forwards: NewForward[] };

/** Those of the tenant's apps that declare the event's category and, where they name any, its data type. */
function forwardsOf({ checked, id }: Planned, apps: readonly ConcernedApp[]): NewForward[] {
  const { category, dataType } = checked.type;
  return apps
    .filter((app) => app.category === category)
    .filter((app) => app.data_types.length === 0 || app.data_types.includes(dataType))
    .map((app) => ({
      ownerId: checked.tenantId,
      eventId: id,
      appId: app.app_id,
      installationId: app.installation_id,
    }));
}

const placeOf = (checked: CheckedEvent): string | undefined =>
  checked.idempotencyKey === undefined
    ? undefined
    : keyOf({ ownerId: checked.tenantId, key: checked.idempotencyKey });

const keyedEvent = ({ checked, id }: Planned): KeyedEvent => ({
  ownerId: checked.tenantId,
  key: checked.idempotencyKey ?? '',
  eventId: id,
  inputHash: checked.inputHash,
});

const rowOf = ({ checked, id, occurredAt }: Planned): NewEvent => ({
  ownerId: checked.tenantId,
  id,
  type: checked.type.name,
  body: renderEventBody({ type: checked.type.name, occurredAt, payloadText: checked.payloadText }),
  tenantId: checked.tenantId,
  idempotencyKey: checked.idempotencyKey,
  occurredAt,
});

const bytesOf = (events: readonly CheckedEvent[]) =>
  events.reduce((sum, { payloadText }) => sum + payloadText.length, 0);
