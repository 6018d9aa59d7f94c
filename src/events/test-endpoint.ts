import type { Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import { type Endpoint, getEndpoint, lockEndpoint } from '../endpoints/endpoint.ts';
import { invalid, LimitExceededError, type ValidationError } from '../errors.ts';
import { type EventType, findEventTypesByName, listEventTypes } from '../event-types/event-type.ts';
import { isNestedDeeper, maxNesting } from '../event-types/nesting.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { findLostNumber } from '../exact-json.ts';
import { encodeId, mintUuid } from '../ids.ts';
import { planDelivery } from '../sending/plan-delivery.ts';
import {
  createDeliveriesWithin,
  hintDeliveries,
  type NewDelivery,
  type NewEvent,
} from '../status/create-deliveries.ts';
import { renderEventBody } from '../status/event-body.ts';
import type { Tables } from '../tables.ts';
import { traceOwnEvent } from '../tracing/publish-trace.ts';
import { maxPayloadBytes } from './check-events.ts';

/** A test is a request to somebody else's server, so its rate is limited. */
export const maxTestsPerMinute = 10;
const minuteMs = 60_000;
/** The platform's type that says that it is a test. */
const testType = 'endpoint.test';

/**
 * Sends an endpoint a test event: the catalogue's example of a type that it subscribes to, with the header
 * `webhook-test: true`. The endpoint need not be verified, and the test does not wait for the handshake. If the
 * endpoint is not active, the delivery is FAILED. Returns the delivery's id.
 */
export async function testEndpoint(
  database: Database,
  act: Readonly<{
    ownerId: string;
    id: string;
    eventType: string | null | undefined;
    /** In the place of the catalogue's example. */
    payload?: unknown;
    rules: Pick<Config, 'retrySchedule'>;
    by: By;
  }>,
): Promise<string> {
  const { ownerId, id, rules, by } = act;
  const payloadText = act.payload == null ? undefined : textOf(act.payload);
  const subscriber = await getEndpoint(database.query, ownerId, id);
  const type = await typeToSend(database, subscriber, act.eventType);
  const delivery = await database.query.transaction().execute(async (trx) => {
    const endpoint = await lockEndpoint(trx, ownerId, id);
    await countTest(trx, endpoint);
    const test = testOf(endpoint, { type, payloadText, rules });
    await appendAudit(trx, {
      ownerId,
      ...by,
      action: 'endpoint.test',
      targetType: 'Endpoint',
      targetId: id,
      changes: { eventType: type.name, delivery: encodeId('Delivery', test.delivery.id) },
    });
    // This comes last, because it locks the owner's log until the commit.
    await createDeliveriesWithin(trx, { events: [test.event], deliveries: [test.delivery] });
    return test.delivery;
  });
  hintDeliveries(database, [delivery]);
  return delivery.id;
}

function testOf(
  endpoint: Endpoint,
  {
    type,
    payloadText = JSON.stringify(type.example),
    rules,
  }: { type: EventType; payloadText: string | undefined; rules: Pick<Config, 'retrySchedule'> },
): { event: NewEvent; delivery: NewDelivery } {
  const ownerId = endpoint.owner_id;
  const tenantId = endpoint.owner_kind === 'TENANT' ? ownerId : undefined;
  const occurredAt = new Date(databaseNow());
  const id = mintUuid();
  const event: NewEvent = {
    ...{ ownerId, id, type: type.name, tenantId, idempotencyKey: undefined, occurredAt },
    traceContext: traceOwnEvent({ type: type.name, id }),
    body: renderEventBody({ type: type.name, occurredAt, payloadText }),
  };
  const delivery: NewDelivery = {
    ...{
      ownerId,
      id: mintUuid(),
      endpointId: endpoint.id,
      eventId: event.id,
      eventType: type.name,
      tenantId,
    },
    ...{ kind: 'TEST', replayOf: undefined, installationId: undefined },
    ...planDelivery(endpoint, { ...rules, requireVerification: false }),
  };
  return { event, delivery };
}

/** Throws a ValidationError for what could not be published either. The type's schema is not asked. */
function textOf(payload: unknown): string {
  if (isNestedDeeper(payload, maxNesting)) {
    throw invalid(['payload'], 'TOO_DEEP', `The payload is nested more than ${maxNesting} levels deep.`);
  }
  if (findLostNumber(payload) !== undefined) {
    const message = 'The payload has a number that would lose digits, or is too large or too small.';
    throw invalid(['payload'], 'NUMBER_OUT_OF_RANGE', message);
  }
  const text = JSON.stringify(payload);
  if (Buffer.byteLength(text) > maxPayloadBytes) {
    throw invalid(['payload'], 'TOO_LARGE', `The payload has more than ${maxPayloadBytes} bytes.`);
  }
  return text;
}

/**
 * The named type; by default the first that the endpoint subscribes to by name, otherwise `endpoint.test` or the first
 * that a wildcard takes.
 */
async function typeToSend(
  database: Database,
  endpoint: Endpoint,
  named: string | null | undefined,
): Promise<EventType> {
  if (named != null) {
    const [type] = await findEventTypesByName(database, [named]);
    if (type === undefined) throw unknownType(named);
    if (!isSent(endpoint, type)) {
      throw refused('NOT_SUBSCRIBED', `The endpoint does not subscribe to \`${type.name}\`.`);
    }
    return type;
  }
  const byName = (await findEventTypesByName(database, endpoint.events)).filter((type) =>
    isSent(endpoint, type),
  );
  const first = endpoint.events.map((entry) => byName.find(({ name }) => name === entry));
  const chosen = first.find((type) => type !== undefined) ?? (await firstByWildcard(database, endpoint));
  if (chosen !== undefined) return chosen;
  throw refused('NO_EVENT_TYPE', 'The endpoint subscribes to no registered event type.');
}

async function firstByWildcard(database: Database, endpoint: Endpoint): Promise<EventType | undefined> {
  const types = await listEventTypes(database, { includeDeprecated: true });
  const matching = types.filter((type) => isSent(endpoint, type));
  return (
    // Any other would say that something has happened.
    matching.find(({ name }) => name === testType) ??
    matching.find(({ deprecatedAt }) => deprecatedAt === null) ??
    matching[0]
  );
}

/** Lifecycle events are sent only to apps. */
function isSent(endpoint: Endpoint, type: EventType): boolean {
  if (type.isLifecycle && endpoint.owner_kind === 'TENANT') return false;
  const patterns = patternsOf(type.name, type.category);
  return endpoint.events.some((entry) => patterns.includes(entry));
}

async function countTest(trx: Transaction<Tables>, endpoint: Endpoint): Promise<void> {
  const now = databaseNow();
  const asked = endpoint.test_asked_at.filter((time) => time.getTime() > now - minuteMs);
  if (asked.length >= maxTestsPerMinute) {
    throw new LimitExceededError(
      maxTestsPerMinute,
      `An endpoint can be tested ${maxTestsPerMinute} times a minute. Wait a moment.`,
    );
  }
  await trx
    .updateTable('endpoint')
    .set({ test_asked_at: [...asked, new Date(now)] })
    .where('owner_id', '=', endpoint.owner_id)
    .where('id', '=', endpoint.id)
    .execute();
}

const unknownType = (name: string): ValidationError =>
  refused('UNKNOWN_EVENT_TYPE', `There is no event type \`${name.slice(0, 128)}\`.`);

const refused = (code: string, message: string): ValidationError => invalid(['eventType'], code, message);
