import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import { isTransient, retrying } from '../db/retry.ts';
import { run, statement } from '../db/statement.ts';
import { queueOrRefuse } from '../endpoints/queue-or-refuse.ts';
import { LimitExceededError, RequestError } from '../errors.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { mintUuid } from '../ids.ts';
import {
  createDeliveries,
  type NewDelivery,
  type NewEvent,
  type NewForward,
} from '../status/create-deliveries.ts';
import { createDeliveriesInParts } from '../status/create-deliveries-in-parts.ts';
import { renderEventBody } from '../status/event-body.ts';
import { ownerGroupOf, ownerGroups } from '../status/shard.ts';
import type { CheckedEvent } from './check-events.ts';
import { type Audience, type ConcernedApp, findAudience } from './fan-out.ts';
import { type PlannedEvent, planEvents } from './plan-events.ts';

/**
 * Publishing: when it has answered, the events and all their deliveries are committed.
 *
 * Group commit: while one batch of an owner group is under way, the calls that arrive gather and go together in the
 * next. A batch takes its idempotency keys, reads who subscribed, renders each body once, and stores everything in
 * one statement (`createDeliveries`). A batch of too many deliveries is cut between calls. A call never is: one that
 * is too large for a statement is stored in a transaction of several (`createDeliveriesInParts`), beside its group's
 * next batches and one at a time, so that nobody waits for it.
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
/** Of a call that takes seconds. */
const retriesOfLarge = 3;

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

/** An event as it is to be stored, with what it brings. */
type FannedOut = Readonly<{
  event: NewEvent;
  deliveries: readonly NewDelivery[];
  forwards: readonly NewForward[];
}>;

/** A call with its new events, by id. */
type Unit = Readonly<{
  call: Call;
  planned: readonly PlannedEvent[];
  fresh: ReadonlyMap<string, FannedOut>;
  deliveries: number;
}>;

export class Publisher {
  readonly #db: Database;
  readonly #config: Pick<Config, 'retrySchedule' | 'requireVerification'>;
  #waitingEvents = 0;
  #waitingBytes = 0;
  /** Large calls, one after the other. */
  #large: Promise<void> = Promise.resolve();
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
    const published = new Promise<PublishedEvent[]>((resolve, reject) => {
      group.waiting.push({ events, resolve, reject });
      if (group.isRunning) return;
      group.isRunning = true;
      // Calls that arrive in the same turn of the event loop go together.
      setImmediate(() => void this.#drain(group));
    });
    return published.finally(() => {
      this.#waitingEvents -= events.length;
      this.#waitingBytes -= bytes;
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
      await this.#store(group.waiting.splice(0, take));
    }
    group.isRunning = false;
  }

  /** One call's bad luck is not its neighbours': a batch that fails for its content is stored call by call. */
  async #store(batch: readonly Call[]): Promise<void> {
    let units: Unit[];
    try {
      units = await this.#prepare(batch);
    } catch (error) {
      if (batch.length > 1 && !isTransient(error)) for (const call of batch) await this.#store([call]);
      else for (const call of batch) call.reject(error);
      return;
    }
    for (const part of cut(units, deliveriesPerStatement)) {
      const deliveries = part.reduce((sum, unit) => sum + unit.deliveries, 0);
      if (deliveries <= deliveriesPerStatement) await this.#storePart(part);
      else this.#large = this.#large.then(() => this.#storePart(part));
    }
  }

  /** Everything that is to be written, made in memory. Calls that are refused for what they hold are answered here. */
  async #prepare(batch: readonly Call[]): Promise<Unit[]> {
    const plans = await planEvents(this.#db, batch);
    const audience = await this.#findAudience([...plans.values()].flat().filter(({ isStored }) => !isStored));
    const fannedOut = new Map<string, FannedOut>();
    const units: Unit[] = [];
    for (const [call, planned] of plans) {
      const fresh = new Map<string, FannedOut>();
      let deliveries = 0;
      for (const event of planned) {
        if (event.isStored || fresh.has(event.id)) continue;
        const made = fannedOut.get(event.id) ?? this.#fanOut(event, audience);
        fannedOut.set(event.id, made);
        fresh.set(event.id, made);
        deliveries += made.deliveries.length;
      }
      if (deliveries > maxDeliveriesPerCall) {
        const message = `These events have ${deliveries} deliveries; publish fewer in one call.`;
        call.reject(new LimitExceededError(maxDeliveriesPerCall, message));
      } else units.push({ call, planned, fresh, deliveries });
    }
    return units;
  }

  /** Stores some calls' events, all or none, and answers the calls. Never rejects. */
  async #storePart(part: readonly Unit[]): Promise<void> {
    try {
      const fresh = new Map(part.flatMap((unit) => [...unit.fresh]));
      const stored = await this.#insert([...fresh.values()]);
      const counts = new Map([...stored].map((id) => [id, fresh.get(id)?.deliveries.length ?? 0]));
      const old = part.flatMap(({ planned }) => planned.filter(({ id }) => !stored.has(id)));
      for (const [id, count] of await this.#countDeliveries(old)) counts.set(id, count);
      for (const { call, planned } of part) {
        call.resolve(
          planned.map(({ checked, id, isRepeated }) => ({
            ownerId: checked.tenantId,
            eventId: id,
            isDuplicate: isRepeated || (checked.idempotencyKey !== undefined && !stored.has(id)),
            deliveryCount: counts.get(id) ?? 0,
          })),
        );
      }
    } catch (error) {
      if (part.length > 1 && !isTransient(error)) for (const unit of part) await this.#storePart([unit]);
      else for (const { call } of part) call.reject(error);
    }
  }

  /** Returns the ids of the events that it was that stored. */
  async #insert(events: readonly FannedOut[]): Promise<ReadonlySet<string>> {
    if (events.length === 0) return new Set();
    // By id: two who store the same events never wait for each other in a circle.
    const sorted = [...events].sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
    const [first, ...more] = cut(
      sorted.map((made) => ({ made, deliveries: made.deliveries.length })),
      deliveriesPerStatement,
    ).map((chunk) => ({
      events: chunk.map(({ made }) => made.event),
      deliveries: chunk.flatMap(({ made }) => made.deliveries),
      forwards: chunk.flatMap(({ made }) => made.forwards),
    }));
    if (first === undefined) return new Set();
    return more.length === 0
      ? await retrying(() => createDeliveries(this.#db, first), { attempts: retries })
      : await retrying(() => createDeliveriesInParts(this.#db, [first, ...more]), {
          attempts: retriesOfLarge,
        });
  }

  #findAudience(events: readonly PlannedEvent[]): Promise<Audience> {
    if (events.length === 0) return Promise.resolve({ endpoints: new Map(), apps: new Map() });
    const owners = [...new Set(events.map(({ checked }) => checked.tenantId))];
    const patterns = [
      ...new Set(events.flatMap(({ checked: { type } }) => patternsOf(type.name, type.category))),
    ];
    const categories = [...new Set(events.map(({ checked: { type } }) => type.category))];
    return retrying(() => findAudience(this.#db, owners, { patterns, categories }), { attempts: retries });
  }

  #fanOut(event: PlannedEvent, audience: Audience): FannedOut {
    const { tenantId, type } = event.checked;
    const wanted = new Set(patternsOf(type.name, type.category));
    return {
      event: rowOf(event),
      deliveries: (audience.endpoints.get(tenantId) ?? [])
        .filter((endpoint) => endpoint.events.some((pattern) => wanted.has(pattern)))
        .map((endpoint) => this.#deliveryTo(endpoint, event)),
      forwards: forwardsOf(event, audience.apps.get(tenantId) ?? []),
    };
  }

  #deliveryTo(
    endpoint: Parameters<typeof queueOrRefuse>[0] & { id: string },
    event: PlannedEvent,
  ): NewDelivery {
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

  async #countDeliveries(events: readonly PlannedEvent[]): Promise<Map<string, number>> {
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

/** Into runs of at most `most` deliveries each; one item alone may have more. */
function cut<T extends { deliveries: number }>(items: readonly T[], most: number): T[][] {
  const runs: T[][] = [];
  let size = 0;
  for (const item of items) {
    const run = runs.at(-1);
    if (run === undefined || size + item.deliveries > most) {
      runs.push([item]);
      size = item.deliveries;
    } else {
      run.push(item);
      size += item.deliveries;
    }
  }
  return runs;
}

/** Those of the tenant's apps that declare the event's category and, where they name any, its data type. */
function forwardsOf({ checked, id }: PlannedEvent, apps: readonly ConcernedApp[]): NewForward[] {
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

const rowOf = ({ checked, id, occurredAt }: PlannedEvent): NewEvent => ({
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
