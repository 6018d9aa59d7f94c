import type { Database } from '../db/pool.ts';
import { isTransient, retrying } from '../db/retry.ts';
import { RequestError } from '../errors.ts';
import { PendingDeliveries } from '../limits/pending-deliveries.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { DeliveryRules } from '../sending/plan-delivery.ts';
import { createDeliveries, isAudienceChanged, ownerOfTooMany } from '../status/create-deliveries.ts';
import { createDeliveriesInParts } from '../status/create-deliveries-in-parts.ts';
import { Audiences } from './audiences.ts';
import type { CheckedEvent } from './check-events.ts';
import { countDeliveriesOf } from './count-deliveries-of.ts';
import { cut } from './cut.ts';
import { releaseEventKeys } from './event-keys.ts';
import type { Event } from './find-event.ts';
import { OwnerTurns } from './owner-turns.ts';
import { eventOf, type PlannedEvent, planEvents } from './plan-events.ts';
import {
  maxDeliveriesPerCall,
  overloaded,
  suspended,
  tooManyDeliveries,
  tooManyLarge,
} from './publish-refusals.ts';
import { Targets } from './targets.ts';

/**
 * Publishes events. When it has answered, the events and all their deliveries are committed.
 *
 * Group commit: while one batch of an owner group is running, calls that arrive are collected for the next. A batch
 * takes its idempotency keys, reads who subscribed, renders each body once, and stores everything in one statement
 * (`createDeliveries`). A batch with too many deliveries is divided between calls. A call that is too large for one
 * statement is put aside; when its turn comes, it is planned again and stored in a transaction of several
 * (`createDeliveriesInParts`). A call that repeats an event of a running large call waits for it.
 *
 * If the process dies before the statement, there are only keys without events, which their next caller fills. After
 * it everything is stored, and a repeated call gets the same events. A statement whose answer was lost is repeated
 * with the same ids and changes nothing the second time.
 *
 * If an endpoint is deactivated or deleted between the read and the commit, the claim ends its deliveries.
 */
const eventsPerBatch = 2_000;
const deliveriesPerStatement = 10_000;
/** The limit for what waits in this process. Beyond it callers are refused. */
const maxWaitingEvents = 20_000;
const maxWaitingBytes = 64 * 1024 * 1024;
/** The limits for large calls: running at a time, and waiting for one tenant. */
const largeAtATime = 2;
const maxWaitingLarge = 4;
const retries = 6;
/** After how many seconds to try again, for a call that takes seconds. */
const retriesOfLarge = 3;

export type PublishedEvent = Readonly<{
  ownerId: string;
  eventId: string;
  /** The event, if this call has stored it. Undefined if another call did. */
  stored: Event | undefined;
  isDuplicate: boolean;
  deliveryCount: number;
}>;

/** Is told how long each call took, and each statement with its commit, in seconds. */
export type PublishTiming = Readonly<{
  published(seconds: number): void;
  committed(seconds: number): void;
}>;

type Call = {
  events: readonly CheckedEvent[];
  resolve: (published: PublishedEvent[]) => void;
  reject: (error: unknown) => void;
};

/** The calls of an owner group; `taken`: how many the last batch had. */
type Group = { waiting: Call[]; isRunning: boolean; taken: number };

/** A call with those of its events that are new, each once. */
type Unit = Readonly<{
  call: Call;
  planned: readonly PlannedEvent[];
  fresh: readonly PlannedEvent[];
  deliveries: number;
}>;

export class Publisher {
  readonly #db: Database;
  readonly #rules: DeliveryRules;
  readonly #audiences: Audiences;
  readonly #limits: TenantLimits;
  readonly #timing: PublishTiming | undefined;
  readonly #pending: PendingDeliveries;
  #waitingEvents = 0;
  #waitingBytes = 0;
  readonly #large = new OwnerTurns(largeAtATime);
  /** The ids of the events that large calls are storing now. */
  readonly #largeEvents = new Set<string>();
  readonly #aside = { events: 0, bytes: 0 };
  readonly #groups: Group[];

  constructor(options: {
    database: Database;
    config: DeliveryRules;
    limits: TenantLimits;
    timing?: PublishTiming;
  }) {
    this.#timing = options.timing;
    this.#db = options.database;
    this.#rules = options.config;
    this.#audiences = new Audiences(options.database);
    this.#limits = options.limits;
    this.#pending = new PendingDeliveries(options);
    this.#groups = Array.from({ length: options.database.layout.writeGroups }, () => ({
      waiting: [],
      isRunning: false,
      taken: 0,
    }));
  }

  /** Publishes all events or none, in the given order; for several tenants, all or none for each owner group. */
  async publish(events: readonly CheckedEvent[]): Promise<PublishedEvent[]> {
    const places = new Map<number, number[]>();
    for (const [index, { tenantId }] of events.entries()) {
      const group = this.#db.layout.writeGroupOf(tenantId);
      const known = places.get(group);
      if (known === undefined) places.set(group, [index]);
      else known.push(index);
    }
    const published: PublishedEvent[] = [];
    const startedAt = performance.now();
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
    this.#timing?.published((performance.now() - startedAt) / 1_000);
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
      return Promise.reject(overloaded());
    }
    this.#waitingEvents += events.length;
    this.#waitingBytes += bytes;
    const published = new Promise<PublishedEvent[]>((resolve, reject) => {
      group.waiting.push({ events, resolve, reject });
      if (group.isRunning) return;
      group.isRunning = true;
      const begin = () => void this.#drain(group);
      // Calls that arrive in the same turn of the event loop are stored together. A caller that was alone the last time
      // does not wait until everything else of this turn has been read.
      if (group.taken > 1) setImmediate(begin);
      else queueMicrotask(begin);
    });
    return published.finally(() => {
      this.#waitingEvents -= events.length;
      this.#waitingBytes -= bytes;
    });
  }

  async #drain(group: Group): Promise<void> {
    while (group.waiting.length > 0) {
      let size = 0;
      group.taken = 0;
      for (const call of group.waiting) {
        if (group.taken > 0 && size + call.events.length > eventsPerBatch) break;
        size += call.events.length;
        group.taken += 1;
      }
      await this.#store(group.waiting.splice(0, group.taken));
    }
    group.isRunning = false;
  }

  /** A batch that fails because of its content is stored call by call, so that one bad call fails alone. */
  async #store(batch: readonly Call[]): Promise<void> {
    try {
      const { units, targets } = await this.#prepare(batch);
      const small: Unit[] = [];
      for (const unit of units) {
        if (!this.#isLarge(unit)) small.push(unit);
        else if (!this.#putAside(unit.call)) await this.#refuse(unit, tooManyLarge());
      }
      for (const part of cut(small, deliveriesPerStatement)) await this.#storePart(part, targets);
    } catch (error) {
      if (batch.length > 1 && !isTransient(error)) for (const call of batch) await this.#store([call]);
      else for (const call of batch) call.reject(error);
    }
  }

  #isLarge({ fresh, deliveries }: Unit): boolean {
    return deliveries > deliveriesPerStatement || fresh.some(({ id }) => this.#largeEvents.has(id));
  }

  #putAside(call: Call): boolean {
    const tenant = call.events[0]?.tenantId ?? '';
    const held = this.#aside;
    const bytes = bytesOf(call.events);
    const isFull =
      held.events + call.events.length > maxWaitingEvents / 2 || held.bytes + bytes > maxWaitingBytes / 2;
    if (isFull || this.#large.waitingOf(tenant) >= maxWaitingLarge) return false;
    held.events += call.events.length;
    held.bytes += bytes;
    const run = async () => {
      await this.#storeLarge(call);
      held.events -= call.events.length;
      held.bytes -= bytes;
    };
    this.#large.add(tenant, { group: this.#db.layout.writeGroupOf(tenant), run });
    return true;
  }

  /** Planned again, because meanwhile its keys' events may have been stored, and its endpoints changed. */
  async #storeLarge(call: Call): Promise<void> {
    let ids: readonly string[] = [];
    try {
      const { units, targets } = await this.#prepare([call], true);
      ids = units.flatMap(({ fresh }) => fresh.map(({ id }) => id));
      for (const id of ids) this.#largeEvents.add(id);
      if (units.length > 0) await this.#storePart(units, targets);
    } catch (error) {
      call.reject(error);
    } finally {
      for (const id of ids) this.#largeEvents.delete(id);
    }
  }

  /** None of its events was stored, so its keys may be used for other inputs. */
  async #refuse({ call, fresh }: Pick<Unit, 'call' | 'fresh'>, error: Error): Promise<void> {
    const keys = fresh.flatMap(({ id, checked: { tenantId, idempotencyKey: key, inputHash } }) =>
      key === undefined ? [] : [{ ownerId: tenantId, key, eventId: id, inputHash }],
    );
    if (keys.length > 0) await releaseEventKeys(this.#db, keys).catch(() => undefined);
    call.reject(error);
  }

  /** What each call has to write. Calls that are refused because of their content are answered here. */
  async #prepare(batch: readonly Call[], fresh = false): Promise<{ units: Unit[]; targets: Targets }> {
    const plans = await planEvents(this.#db, batch);
    const planned = [...plans].map(([call, events]) => ({
      call,
      planned: events,
      fresh: [
        ...new Map(events.filter(({ isStored }) => !isStored).map((event) => [event.id, event])).values(),
      ],
    }));
    return await this.#aim(planned, fresh);
  }

  async #aim(
    planned: readonly Omit<Unit, 'deliveries'>[],
    isFresh: boolean,
  ): Promise<{ units: Unit[]; targets: Targets }> {
    const events = planned.flatMap(({ fresh }) => fresh.map(({ checked }) => checked));
    const audience = await retrying(() => this.#audiences.of(events, isFresh), { attempts: retries });
    const targets = new Targets(audience, this.#rules);
    await targets.filter(planned.flatMap(({ fresh }) => fresh));
    const units: Unit[] = [];
    const taken = new Map<string, number>();
    for (const unit of planned) {
      const deliveries = unit.fresh.reduce((sum, event) => sum + targets.countOf(event), 0);
      if (deliveries > maxDeliveriesPerCall) {
        await this.#refuse(unit, tooManyDeliveries(deliveries));
      } else if (unit.fresh.some(({ checked }) => targets.isSuspended(checked.tenantId))) {
        await this.#refuse(unit, suspended());
      } else if (!(await this.#pending.fits(queuedOf(unit.fresh, targets), taken))) {
        await this.#refuse(unit, this.#limits.refusal('pendingDeliveries'));
      } else units.push({ ...unit, deliveries });
    }
    return { units, targets };
  }

  /** These events keep their ids, because an earlier try may have stored them and only its answer was lost. */
  async #storeAnew(part: readonly Unit[], tries: number): Promise<void> {
    try {
      const { units, targets } = await this.#aim(part, true);
      for (const again of cut(units, deliveriesPerStatement)) await this.#storePart(again, targets, tries);
    } catch (error) {
      for (const unit of part) await this.#fail(unit, error);
    }
  }

  /** Stores the events of some calls, all or none, and answers the calls. It never rejects. */
  async #storePart(part: readonly Unit[], targets: Targets, tries = 0): Promise<void> {
    try {
      const fresh = new Map(part.flatMap((unit) => unit.fresh.map((event) => [event.id, event])));
      const startedAt = performance.now();
      const stored = await this.#insert([...fresh.values()], targets);
      if (fresh.size > 0) this.#timing?.committed((performance.now() - startedAt) / 1_000);
      const counts = new Map(
        [...fresh.values()]
          .filter(({ id }) => stored.has(id))
          .map((event) => [event.id, targets.countOf(event)]),
      );
      const old = part.flatMap(({ planned }) => planned.filter(({ id }) => !stored.has(id)));
      for (const [id, count] of await countDeliveriesOf(this.#db, old)) counts.set(id, count);
      const told = new Set<string>();
      for (const { call, planned } of part) {
        const published = planned.map(({ checked, id }) => {
          const isDuplicate = checked.idempotencyKey !== undefined && (!stored.has(id) || told.has(id));
          told.add(id);
          return {
            ownerId: checked.tenantId,
            eventId: id,
            stored: stored.has(id) ? eventOf(fresh.get(id)) : undefined,
            isDuplicate,
            deliveryCount: counts.get(id) ?? 0,
          };
        });
        call.resolve(published);
      }
    } catch (error) {
      const full = ownerOfTooMany(error);
      if (isAudienceChanged(error)) await this.#storeAnew(part, tries);
      else if (full !== undefined) await this.#storeBeside(full, part, tries);
      else if (part.length > 1 && !isTransient(error))
        for (const unit of part) await this.#storePart([unit], targets);
      else for (const unit of part) await this.#fail(unit, error);
    }
  }

  /**
   * The owner's log has grown since it was counted, by new deliveries or by others that ended. Its calls are refused
   * if it is full now, or if it cannot be counted as fast as its log grows.
   */
  async #storeBeside(full: string, part: readonly Unit[], tries: number): Promise<void> {
    this.#pending.forget(full);
    if (tries < retries) return await this.#storeAnew(part, tries + 1);
    const isOfFull = ({ fresh }: Unit) => fresh.some(({ checked }) => checked.tenantId === full);
    for (const unit of part.filter(isOfFull))
      await this.#refuse(unit, this.#limits.refusal('pendingDeliveries'));
    await this.#storeAnew(
      part.filter((unit) => !isOfFull(unit)),
      0,
    );
  }

  async #fail(unit: Unit, error: unknown): Promise<void> {
    if (error instanceof RequestError) await this.#refuse(unit, error);
    else unit.call.reject(error);
  }

  /** Returns the ids that this call inserted. */
  async #insert(events: readonly PlannedEvent[], targets: Targets): Promise<ReadonlySet<string>> {
    if (events.length === 0) return new Set();
    // Ordered by id, so that two calls that store the same events cannot deadlock.
    const sorted = [...events].sort((a, b) => (a.id < b.id ? -1 : 1));
    const parts = cut(
      sorted.map((event) => ({ event, deliveries: targets.countOf(event) })),
      deliveriesPerStatement,
    ).map((items) => items.map(({ event }) => event));
    const [first] = parts;
    if (first !== undefined && parts.length === 1) {
      const rows = targets.rowsOf(first);
      const { versions } = targets;
      const ceilings = this.#pending.ceilings(queuedOf(first, targets));
      return await retrying(() => createDeliveries(this.#db, rows, { versions, ceilings }), {
        attempts: retries,
      });
    }
    let before: unknown;
    const ceilings = this.#pending.ceilings(queuedOf(sorted, targets));
    const store = () => createDeliveriesInParts(this.#db, targets.rowsInTurn(parts), { ceilings });
    const onRetry = (error: unknown) => {
      before = error;
    };
    try {
      return await retrying(store, { attempts: retriesOfLarge, onRetry });
    } catch (error) {
      // The answer of the try before was lost, so it is not certain that nothing was stored.
      throw error instanceof RequestError ? (before ?? error) : error;
    }
  }
}

/** By owner, how many deliveries of these events wait to be sent. */
function queuedOf(events: readonly PlannedEvent[], targets: Targets): ReadonlyMap<string, number> {
  const queued = new Map<string, number>();
  for (const event of events) targets.addQueued(event, queued);
  return queued;
}

const bytesOf = (events: readonly CheckedEvent[]) =>
  events.reduce((sum, { payloadText }) => sum + payloadText.length, 0);
