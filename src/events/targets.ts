import { patternsOf } from '../event-types/subscription-pattern.ts';
import { FilterChecks } from '../filters/filter.ts';
import { Pauses } from '../filters/pauses.ts';
import { mintUuid } from '../ids.ts';
import { type DeliveryRules, planDelivery } from '../sending/plan-delivery.ts';
import type {
  AudienceVersion,
  NewDeliveries,
  NewDelivery,
  NewEvent,
  NewForward,
} from '../status/create-deliveries.ts';
import { renderEventBody } from '../status/event-body.ts';
import type { StoredCondition } from '../tables.ts';
import type { Audience, Subscriber } from './fan-out.ts';
import type { PlannedEvent } from './plan-events.ts';

/** The receivers of some events, and what has to be stored for them. First of all, the events have to be filtered. */
export class Targets {
  readonly #audience: Audience;
  readonly #rules: DeliveryRules;
  /** By tenant and event type. */
  readonly #subscribers = new Map<string, Subscribers>();
  /** By event: those of its type's subscribers whose filter it passes, where any of them has one. */
  readonly #passed = new Map<string, readonly Subscriber[]>();

  constructor(audience: Audience, rules: DeliveryRules) {
    this.#audience = audience;
    this.#rules = rules;
  }

  /** The versions that must still hold for remembered receivers; none if they were read for this batch. */
  get versions(): readonly AudienceVersion[] {
    if (!this.#audience.isRemembered) return [];
    return [...this.#audience.owners].map(([ownerId, { version }]) => ({ ownerId, version }));
  }

  isSuspended(tenantId: string): boolean {
    return this.#audience.owners.get(tenantId)?.isSuspended === true;
  }

  /** Decides by their filters which endpoints get the events. Ten thousand conditions and a large body take long. */
  async filter(events: readonly PlannedEvent[]): Promise<void> {
    const pauses = new Pauses();
    for (const event of events) {
      const { all, filters } = this.#subscribersTo(event);
      if (filters.length === 0 || this.#passed.has(event.id)) continue;
      const checks = new FilterChecks(bodyOf(event), filters);
      const passed: Subscriber[] = [];
      for (const endpoint of all) {
        const filter = endpoint.sending?.filter;
        if (filter === undefined || checks.failedConditionOf(filter) === undefined) passed.push(endpoint);
        await pauses.due();
      }
      this.#passed.set(event.id, passed);
    }
  }

  /** The number of deliveries of the event. */
  countOf(event: PlannedEvent): number {
    return this.#subscribersOf(event).length;
  }

  /** Adds to each owner's number how many of the event's deliveries wait to be sent. */
  addQueued(event: PlannedEvent, queued: Map<string, number>): void {
    const waiting = this.#subscribersOf(event).filter(
      (endpoint) => planDelivery(endpoint, this.#rules).failureReason === undefined,
    );
    if (waiting.length === 0) return;
    const { tenantId } = event.checked;
    queued.set(tenantId, (queued.get(tenantId) ?? 0) + waiting.length);
  }

  /** Delivery ids are always new, because they tell when a delivery was created, and purges rely on that. */
  rowsOf(events: readonly PlannedEvent[]): NewDeliveries {
    return {
      events: events.map(rowOf),
      deliveries: events.flatMap((event) =>
        this.#subscribersOf(event).map((endpoint) => this.#deliveryTo(endpoint, event)),
      ),
      forwards: events.flatMap((event) => this.#forwardsOf(event)),
    };
  }

  /** Each list is created when it is needed, because creating all of them together takes long. */
  *rowsInTurn(parts: readonly (readonly PlannedEvent[])[]): Iterable<NewDeliveries> {
    for (const part of parts) yield this.rowsOf(part);
  }

  #subscribersOf(event: PlannedEvent): readonly Subscriber[] {
    const { all, filters } = this.#subscribersTo(event);
    if (filters.length === 0) return all;
    const passed = this.#passed.get(event.id);
    if (passed === undefined) throw new Error('The event has not been filtered.');
    return passed;
  }

  #subscribersTo({ checked: { tenantId, type } }: PlannedEvent): Subscribers {
    const place = `${tenantId}/${type.name}`;
    const known = this.#subscribers.get(place);
    if (known !== undefined) return known;
    const wanted = new Set(patternsOf(type.name, type.category));
    const all = (this.#audience.owners.get(tenantId)?.endpoints ?? []).filter((endpoint) =>
      endpoint.events.some((pattern) => wanted.has(pattern)),
    );
    const found = { all, filters: all.flatMap(({ sending }) => (sending?.filter ? [sending.filter] : [])) };
    this.#subscribers.set(place, found);
    return found;
  }

  #deliveryTo(endpoint: Subscriber, event: PlannedEvent): NewDelivery {
    return {
      ownerId: event.checked.tenantId,
      id: mintUuid(),
      endpointId: endpoint.id,
      eventId: event.id,
      eventType: event.checked.type.name,
      kind: 'EVENT',
      replayOf: undefined,
      tenantId: event.checked.tenantId,
      installationId: undefined,
      ...planDelivery(endpoint, this.#rules),
    };
  }

  /** The tenant's apps that declare the event's category and, if they declare data types, its data type. */
  #forwardsOf({ checked: { tenantId, type }, id }: PlannedEvent): NewForward[] {
    return (this.#audience.owners.get(tenantId)?.apps ?? [])
      .filter((app) => app.category === type.category)
      .filter((app) => app.data_types.length === 0 || app.data_types.includes(type.dataType))
      .map((app) => ({
        ownerId: tenantId,
        eventId: id,
        appId: app.app_id,
        installationId: app.installation_id,
      }));
  }
}

const rowOf = ({ checked, id, occurredAt }: PlannedEvent): NewEvent => ({
  ownerId: checked.tenantId,
  id,
  type: checked.type.name,
  body: bodyOf({ checked, occurredAt }),
  tenantId: checked.tenantId,
  idempotencyKey: checked.idempotencyKey,
  occurredAt,
  traceContext: checked.traceContext,
});

const bodyOf = ({ checked, occurredAt }: Pick<PlannedEvent, 'checked' | 'occurredAt'>): string =>
  renderEventBody({ type: checked.type.name, occurredAt, payloadText: checked.payloadText });

/** Who subscribed to a type, and the filters among them. */
type Subscribers = Readonly<{ all: readonly Subscriber[]; filters: readonly (readonly StoredCondition[])[] }>;
