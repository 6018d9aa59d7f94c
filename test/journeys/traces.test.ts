import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.ts';
import { type Follower, followOverSse } from '../support/follower.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

const apiSecret = 'path-that-is-a-secret';
let stage: Stage;
let collector: Collector & { isAway: boolean };
let server: ServerProcess;
let caller: Caller;
let receiver: Receiver;
let follower: Follower;
let database: pg.Client;
const isRefused: ((payload: string) => boolean)[] = [];
beforeAll(async () => {
  stage = await openStage();
  collector = await startCollector();
  server = await stage.startServer({
    RETRY_SCHEDULE: '0,0',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=drill',
  });
  caller = await stage.callerOf(server, { tenant: 'traced' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
  receiver = await stage.startReceiver({
    answer: ({ body }, response) => {
      const refused = isRefused.findIndex((isIt) => isIt(body));
      if (refused >= 0) isRefused.splice(refused, 1);
      response.writeHead(refused >= 0 ? 503 : 204).end();
    },
  });
  const url = `${receiver.url}/${apiSecret}?key=${apiSecret}`;
  await createEndpoint(caller, { url, events: ['order.paid'], sendTraceparent: true });
  follower = await followOverSse(caller);
  database = new pg.Client({ connectionString: stage.environment.DATABASE_URL });
  await database.connect();
});
afterAll(async () => {
  await follower.stop();
  await database.end();
  await stage.close();
  await collector.close();
});

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** Publishes as part of a new trace of the caller, and returns its ids. */
async function publishTraced(
  payload: object,
  { flags = '01', tracestate = '' }: { flags?: string; tracestate?: string } = {},
) {
  const [traceId, spanId] = [hex(16), hex(8)];
  const headers = { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(tracestate && { tracestate }) };
  const [published] = await publish({ ...caller, headers }, [{ type: 'order.paid', payload }]);
  const { id } = published?.event ?? { id: '' };
  return { traceId, spanId, eventId: id };
}

const attemptsOf = (eventId: string) =>
  receiver.received.filter(({ headers }) => headers['webhook-id'] === eventId);
const named = (spans: readonly CollectedSpan[], name: string) => spans.filter((span) => span.name === name);
const inTrace = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);

test('one trace leads from the caller over two attempts and a replay to the receiver and the readers', async () => {
  isRefused.push((body) => body.includes('first-one'));
  const secretPayload = `payload-${hex(8)}`;
  const { traceId, spanId, eventId } = await publishTraced(
    { what: 'first-one', secretPayload },
    { tracestate: 'vendor=abc' },
  );
  await untilTrue(async () => attemptsOf(eventId).length === 2);
  const delivery = await deliveryOf(eventId);
  await replay(delivery);
  await untilTrue(async () => attemptsOf(eventId).length === 3);
  // PENDING, RETRYING and SUCCEEDED of the delivery, PENDING and SUCCEEDED of its replay.
  await collector.until((spans) => {
    const all = spans.filter((span) => span.traceId === traceId);
    return named(all, 'frame order.paid').length >= 5 && named(all, 'deliver order.paid').length === 3;
  });
  const spans = inTrace(traceId);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const [request] = named(spans, 'POST /graphql');
  expect(request).toMatchObject({ parentSpanId: spanId, kind: 2 });
  expect(request?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.response.status_code': 200,
  });
  const [event] = named(spans, 'publish order.paid');
  expect(event).toMatchObject({ parentSpanId: request?.spanId, kind: 4 });
  expect(event?.attributes).toMatchObject({
    'messaging.system': 'heliograph',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'order.paid',
    'messaging.message.id': eventId,
  });
  expect(event?.resource).toMatchObject({
    'service.name': 'heliograph',
    'deployment.environment.name': 'drill',
  });
  const [fanOut] = named(spans, 'fan out order.paid');
  expect(fanOut?.attributes).toMatchObject({ 'heliograph.deliveries': 1, 'db.system.name': 'postgresql' });
  for (const name of ['deliver order.paid', 'frame order.paid', 'fan out order.paid'])
    for (const span of named(spans, name)) expect(span.parentSpanId).toBe(event?.spanId);
  for (const name of ['claim order.paid', 'POST', 'settle order.paid']) {
    expect(named(spans, name)).toHaveLength(3);
    for (const span of named(spans, name))
      expect(byId.get(span.parentSpanId ?? '')?.name).toBe('deliver order.paid');
  }
  const posts = named(spans, 'POST').sort((a, b) => (a.from < b.from ? -1 : 1));
  expect(posts.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([503, 204, 204]);
  expect(posts.map(({ isError }) => isError)).toEqual([true, false, false]);
  expect(posts[0]?.attributes).toMatchObject({
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(receiver.url).port),
    'error.type': '503',
  });
  expect(posts[1]?.attributes['http.request.resend_count']).toBe(1);
  // The receiver goes on where each attempt's request stands.
  expect(attemptsOf(eventId).map(({ headers }) => headers.traceparent)).toEqual(
    posts.map((post) => `00-${traceId}-${post.spanId}-01`),
  );
  expect(attemptsOf(eventId).map(({ headers }) => headers.tracestate)).toEqual(Array(3).fill('vendor=abc'));
  for (const span of spans) expect(span.to >= span.from, span.name).toBe(true);
  // Neither a payload nor anything that may be a secret.
  const told = collector.bodies.join('\n');
  for (const secret of [secretPayload, apiSecret, caller.token, 'whsec_', 'authorization'])
    expect(told).not.toContain(secret);
});

test('the events of a call with several have traces of their own, linked with the call', async () => {
  const [traceId, spanId] = [hex(16), hex(8)];
  const headers = { traceparent: `00-${traceId}-${spanId}-01` };
  const published = await publish(
    { ...caller, headers },
    [1, 2, 3].map((n) => ({ type: 'order.paid', payload: { n } })),
  );
  const ids = published.map(({ event }) => event.id);
  const created = () =>
    collector.spans.filter(({ attributes }) => ids.includes(String(attributes['messaging.message.id'])));
  await collector.until(() => named(created(), 'deliver order.paid').length === 3);
  const [call] = named(inTrace(traceId), 'publish');
  expect(call?.attributes['messaging.batch.message_count']).toBe(3);
  const events = named(created(), 'publish order.paid');
  expect(new Set(events.map((event) => event.traceId)).size).toBe(3);
  for (const event of events) {
    expect(event.parentSpanId).toBeUndefined();
    expect(event.links).toEqual([{ traceId, spanId: call?.spanId }]);
  }
  expect(call?.links.map((link) => link.traceId).sort()).toEqual(events.map((event) => event.traceId).sort());
});

test('what the caller does not sample is not sampled here either, and the receiver is told so', async () => {
  const { traceId, eventId } = await publishTraced({ quiet: 1 }, { flags: '00' });
  const several = await publish(
    { ...caller, headers: { traceparent: `00-${traceId}-${hex(8)}-00` } },
    [1, 2].map((n) => ({ type: 'order.paid', payload: { n } })),
  );
  await untilTrue(async () => attemptsOf(several[1]?.event.id ?? '').length === 1);
  expect(attemptsOf(eventId)[0]?.headers.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  expect(attemptsOf(several[0]?.event.id ?? '')[0]?.headers.traceparent).toMatch(/-00$/);
  const { eventId: later } = await publishTraced({ loud: 1 });
  await collector.until((spans) =>
    spans.some(({ attributes }) => attributes['messaging.message.id'] === later),
  );
  expect(inTrace(traceId)).toEqual([]);
  const quiet = [eventId, ...several.map(({ event }) => event.id)];
  expect(
    collector.spans.filter(({ attributes }) => quiet.includes(String(attributes['messaging.message.id']))),
  ).toEqual([]);
});

test('a broken traceparent neither stops an event nor is stored', async () => {
  const bad = ['x', `00-${'0'.repeat(32)}-${hex(8)}-01`, `00-${hex(16)}-${hex(8)}-01; drop`, 'é'.repeat(300)];
  for (const traceparent of bad) {
    const headers = { traceparent: encodeURI(traceparent), tracestate: 'a=1' };
    const [published] = await publish({ ...caller, headers }, [{ type: 'order.paid', payload: { bad: 1 } }]);
    await untilTrue(async () => attemptsOf(published?.event.id ?? '').length === 1);
    const [attempt] = attemptsOf(published?.event.id ?? '');
    expect(attempt?.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(attempt?.headers.tracestate).toBeUndefined();
  }
  const { rows } = await database.query(
    `select count(*)::integer as n from event where trace_context !~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]( |$)'`,
  );
  expect(rows).toEqual([{ n: 0 }]);
});

test('a line of the log names the span in which it was written', async () => {
  await database.query('alter table event_key rename to event_key_away');
  const traceId = hex(16);
  const broken = { ...caller, headers: { traceparent: `00-${traceId}-${hex(8)}-01` } };
  const event = { type: 'order.paid', payload: {}, idempotencyKey: 'one' };
  await expect(publish(broken, [event])).rejects.toThrow('INTERNAL');
  await database.query('alter table event_key_away rename to event_key');
  const line = await server.untilLogged('internal error');
  await collector.until((spans) => spans.some((span) => span.traceId === traceId));
  expect(line).toMatchObject({
    trace_id: traceId,
    span_id: named(inTrace(traceId), 'POST /graphql')[0]?.spanId,
  });
  expect(named(inTrace(traceId), 'publish order.paid')[0]).toMatchObject({ isError: true });
});

test('an outage of the collector is told once; what is left at the end is sent then', async () => {
  collector.isAway = true;
  const lines = () => server.log.filter(({ msg }) => msg === 'traces cannot be sent to the collector');
  await publishTraced({ during: 1 });
  await untilTrue(async () => collector.refused > 0);
  await server.untilLogged('traces cannot be sent to the collector');
  await publishTraced({ during: 2 });
  collector.isAway = false;
  await server.untilLogged('traces can be sent to the collector again');
  expect(lines()).toHaveLength(1);
  const { traceId, eventId } = await publishTraced({ last: 1 });
  await untilTrue(async () => attemptsOf(eventId).length === 1);
  expect(await server.stop()).toBe(0);
  expect(named(inTrace(traceId), 'settle order.paid')).toHaveLength(1);
});

async function deliveryOf(eventId: string): Promise<string> {
  let id = '';
  await untilTrue(async () => {
    const { deliveries } = await ask<{ deliveries: { nodes: { id: string; status: string }[] } }>(
      caller,
      'query ($id: ID!) { deliveries(first: 10, filter: { eventId: [$id] }) { nodes { id status } } }',
      { id: eventId },
    );
    id = deliveries.nodes.find(({ status }) => status === 'SUCCEEDED')?.id ?? '';
    return id !== '';
  });
  return id;
}

const replay = (deliveryId: string) =>
  ask(
    caller,
    `mutation ($id: ID!) { replayDelivery(input: { id: $id, force: true }) {
       __typename ... on Error { message } } }`,
    { id: deliveryId },
  );
