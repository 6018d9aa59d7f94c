import { usualLimits } from '../environment.ts';
import { IdempotencyError, LimitExceededError, RequestError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { type Context, requireActor } from '../graph/context.ts';
import { usualListSize } from '../graph/operation-cost.ts';
import { mutation } from '../graph/result.ts';
import type { TenantStandings } from '../tenants/tenant-standings.ts';
import { PublishTrace } from '../tracing/publish-trace.ts';
import { checkEvents, maxEventsPerCall } from './check-events.ts';
import { Event } from './events.graph.ts';
import type { Event as EventRow } from './find-event.ts';
import { findEventsOfOwners } from './find-event.ts';
import type { PublishedEvent as Published, Publisher } from './publisher.ts';

declare module '../graph/context.ts' {
  interface Services {
    publisher: Publisher;
    tenantStandings: TenantStandings;
  }
}

const PublishEventInput = builder.inputType('PublishEventInput', {
  description: 'One event to publish.',
  fields: (t) => ({
    tenant: t.string({
      description:
        "The tenant's `externalId`. A platform service must give it, unless the header `heliograph-tenant` does. Other callers leave it out or give their own tenant.",
    }),
    type: t.string({
      required: true,
      description: 'The name of a registered event type, such as `comment.created`.',
    }),
    payload: t.field({
      type: 'JSON',
      description:
        'The payload as a JSON value. It is sent in the form of `JSON.stringify`. Integers beyond ±(2^53 - 1) are refused, because they would lose digits. Give exactly one of `payload` and `payloadText`. At most 262,144 bytes, nested at most 200 levels.',
    }),
    payloadText: t.string({
      description:
        'The payload as JSON text. It is sent byte for byte. At most 262,144 bytes of UTF-8. No object may have two members of the same name.',
    }),
    idempotencyKey: t.string({
      description:
        '1 to 255 printable ASCII characters. If the same tenant publishes the same key again within 24 hours, the answer is the first event and nothing is sent again. The same key with another type, payload or time is an IdempotencyError.',
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When it happened; by default the time of publication.',
    }),
  }),
});

type PublishedRow = Readonly<{ event: EventRow; published: Published }>;

const PublishedEvent = builder.objectRef<PublishedRow>('PublishedEvent').implement({
  description: 'A published event, stored with all its deliveries.',
  fields: (t) => ({
    event: t.field({ type: Event, description: 'The event.', resolve: ({ event }) => event }),
    isDuplicate: t.boolean({
      description: 'True if its idempotency key had been used already, so that nothing new was stored.',
      resolve: ({ published }) => published.isDuplicate,
    }),
    deliveryCount: t.int({
      description: 'The number of its deliveries: one for each endpoint that subscribed to its type.',
      resolve: ({ published }) => published.deliveryCount,
    }),
  }),
});

mutation(builder, 'publishEvents', {
  description: `Publishes up to ${maxEventsPerCall} events to the endpoints that subscribed to their types. When the call has answered, the events and all their deliveries are stored. If one event is refused, nothing is stored. Errors: ValidationError with the path of every issue; LimitExceededError for more than ${maxEventsPerCall} events, more than 100,000 deliveries, or more unfinished deliveries than the tenant may have (${usualLimits.pendingDeliveries}, unless the operator has set another limit); IdempotencyError for a key that was used for another event; RATE_LIMITED if more is published than the database can accept, or if too many calls of more than 10,000 deliveries by this tenant are waiting already. In that case publish fewer events in one call.`,
  permission: 'PUBLISH_EVENTS',
  capability: {
    records: ['Event', 'Delivery', 'DeliveryLog'],
    sideEffects: ['signed POSTs to the subscribed endpoints'],
    idempotency: 'Each event can have an `idempotencyKey`. For 24 hours the same key means the same event.',
  },
  input: (t) => ({
    events: t.field({
      type: [PublishEventInput],
      required: true,
      description: `1 to ${maxEventsPerCall} events.`,
    }),
  }),
  payload: { events: { type: [PublishedEvent], description: 'The events, in the order of the input.' } },
  // The list of events counts as ten: the answer has as many as were given, and once they are stored it is too late.
  timesOf: ({ events }) => Math.max(1, Math.ceil(events.length / usualListSize)),
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  async resolve({ events }, context) {
    const { services } = context;
    const trace = new PublishTrace(context.traceContext);
    const failing = (error: unknown) => {
      trace.fail(error);
      throw error;
    };
    const checked = await checkEvents(events, {
      own: await ownTenant(context),
      findTenants: (externalIds) => services.tenantStandings.findByExternalId(externalIds),
      catalogue: services.eventTypes,
    }).catch(failing);
    const traces = trace.begin(checked);
    const published = await services.publisher
      .publish(checked.map((event, index) => ({ ...event, traceContext: traces[index] })))
      .catch(failing);
    trace.end(published);
    const rows = await findEventsOfOwners(
      services.database.query,
      published.filter(({ stored }) => stored === undefined),
    );
    return {
      events: published.map((one) => {
        const event = one.stored ?? rows.get(one.eventId);
        if (event === undefined) throw new RequestError('NOT_FOUND', 'The event is past retention.');
        return { event, published: one };
      }),
    };
  },
});

/** The caller's own tenant; undefined for a platform service, which names a tenant for each event. */
async function ownTenant(context: Context) {
  const { kind, tenantId } = requireActor(context);
  if (tenantId === undefined && kind !== 'SERVICE') {
    // A user's token names the tenant that the user acts for. A user whose token names none cannot publish.
    throw new RequestError(
      'FORBIDDEN',
      'This credential belongs to no tenant. Only a platform service can publish for other tenants.',
    );
  }
  if (tenantId === undefined) return undefined;
  const tenant = await context.services.tenantStandings.find(tenantId);
  if (tenant === undefined) throw new RequestError('UNAUTHENTICATED', 'This tenant no longer exists.');
  return tenant;
}
