import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tellings } from '../../src/telling/tellings.ts';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { createWorker, seedSecret, untilTrue } from '../support/worker.ts';

const mails: { to: string[]; text: string }[] = [];
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, callback) {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    stream.on('end', () => {
      mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
      callback();
    });
  },
});

let stage: Stage;
let caller: Caller;
let db: TestDatabase;
beforeAll(async () => {
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const address = smtp.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  [stage, db] = await Promise.all([openStage(), createTestDatabase()]);
  const server = await stage.startServer({ RETRY_SCHEDULE: '0,0', SMTP_URL: `smtp://127.0.0.1:${port}` });
  caller = await stage.callerOf(server, { tenant: 'told' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
});
afterAll(async () => {
  await stage.close();
  await db.drop();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
});

const bodyOf = ({ body }: Received) => JSON.parse(body) as { type: string; data: Record<string, unknown> };
const typesAt = ({ received }: Receiver) => received.map((request) => bodyOf(request).type);
const pay = () => publish(caller, [{ type: 'order.paid', payload: {} }]);

test('that an endpoint fails, that it is well again, and dead letters are told the others and by mail, each once', async () => {
  let isIll = true;
  const failing = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(isIll ? 503 : 204).end(),
  });
  const listener = await stage.startReceiver();
  await createEndpoint(caller, { url: listener.url, events: ['endpoint.*', 'delivery.dead_lettered'] });
  const { id } = await createEndpoint(caller, {
    url: `${failing.url}?token=very-secret`,
    events: ['order.paid', 'endpoint.*', 'delivery.*'],
    alertEmails: ['ops@example.com', 'dev@example.com'],
  });
  await pay();
  await listener.until(2);
  await pay();
  await failing.until(4);
  isIll = false;
  await pay();
  await listener.until(3);
  expect(typesAt(listener)).toEqual(['endpoint.failing', 'delivery.dead_lettered', 'endpoint.recovered']);
  const [first, second] = listener.received.map(bodyOf);
  expect(first?.data).toMatchObject({ endpointId: id, url: failing.url, reason: 'EXHAUSTED' });
  expect(second?.data).toMatchObject({
    endpointId: id,
    count: 1,
    deliveryId: expect.stringMatching(/^dlv_/),
  });
  // Nothing about itself went to it.
  expect(new Set(typesAt(failing))).toEqual(new Set(['order.paid']));

  await untilTrue(() => mails.length >= 2);
  expect(mails.map(({ to }) => to)).toEqual(Array(2).fill(['ops@example.com', 'dev@example.com']));
  expect(mails[0]?.text).toContain('Endpoint fails');
  expect(mails[0]?.text).toContain(id);
  expect(mails[1]?.text).toContain('works again');
  expect(JSON.stringify([mails, listener.received])).not.toContain('very-secret');
});

test('two endpoints that fail and listen to each other do not tell each other for ever', async () => {
  const mirror = await stage.callerOf({ origin: caller.origin }, { tenant: 'mirror' });
  const receivers = await Promise.all(
    [1, 2].map(() => stage.startReceiver({ answer: (_request, response) => response.writeHead(500).end() })),
  );
  for (const { url } of receivers) await createEndpoint(mirror, { url, events: ['*'] });
  await publish(mirror, [{ type: 'order.paid', payload: {} }]);
  type Counts = { deliveries: { nodes: { status: string; event: { type: string } }[] } };
  let seen: Counts['deliveries']['nodes'] = [];
  await untilTrue(async () => {
    const { deliveries } = await ask<Counts>(
      mirror,
      '{ deliveries(first: 100) { nodes { status event { type } } } }',
    );
    seen = deliveries.nodes;
    // The event to both, and each one's two events to the other.
    return seen.length >= 6 && seen.every(({ status }) => status === 'DEAD_LETTER');
  });
  expect(seen.map(({ event }) => event.type).sort()).toEqual([
    ...['delivery.dead_lettered', 'delivery.dead_lettered'],
    ...['endpoint.failing', 'endpoint.failing', 'order.paid', 'order.paid'],
  ]);
});

test('several dead letters within a minute are one event with their count, and ten minutes of failures are told', async () => {
  const receiver = await startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  const { ownerId, endpointIds } = await seedOwner(db.database, { url: receiver.url, endpoints: 2 });
  const [failing = '', other = ''] = endpointIds;
  await seedSecret(db, ownerId, failing);
  await db.database.api.query(`update endpoint set events = '{order.*}' where id = $1`, [failing]);
  await db.database.api.query(`update endpoint set paused_at = now() where id = $1`, [other]);
  await db.database.api.query(
    `insert into endpoint_health (owner_id, endpoint_id, failing_since, told_failing_at, dead_letters_told_at)
     values ($1, $2, now() - interval '11 minutes', now() - interval '20 minutes', now())`,
    [ownerId, failing],
  );
  const told = async () =>
    (
      await db.database.api.query<{ type: string; body: string }>(
        `select type, body from event where owner_id = $1 and type <> 'order.paid' order by id`,
        [ownerId],
      )
    ).rows.map(({ type, body }) => ({ type, ...JSON.parse(body).data }));
  const sendAndFail = async (count: number, dead: number, events: number) => {
    const worker = createWorker(db, { retrySchedule: [0] });
    worker.start();
    await seedDeliveries(db.database, ownerId, failing, count);
    await untilTrue(async () => {
      const { rows } = await db.database.api.query(
        `select 1 from delivery where owner_id = $1 and status = 'DEAD_LETTER'`,
        [ownerId],
      );
      return rows.length === dead && (await told()).length >= events;
    });
    await worker.stop(1_000);
  };
  // Dead letters were told just now, so these wait for the end of the minute.
  await sendAndFail(6, 6, 1);
  await db.database.api.query(
    `update endpoint_health set dead_letters_told_at = now() - interval '10 minutes', circuit = 'CLOSED'
      where endpoint_id = $1`,
    [failing],
  );
  await sendAndFail(1, 7, 2);
  expect(await told()).toMatchObject([
    { type: 'endpoint.failing', reason: 'ONLY_FAILURES', failingSince: expect.any(String) },
    { type: 'delivery.dead_lettered', count: 7 },
  ]);
  await receiver.close();
});

test('a failure that comes too soon after the last is told as soon as it may be, and a recovery by a worker that did not see the failure', async () => {
  const receiver = await startReceiver();
  const { ownerId, endpointIds } = await seedOwner(db.database, { url: receiver.url, endpoints: 2 });
  const [endpointId = '', other = ''] = endpointIds;
  await seedSecret(db, ownerId, endpointId);
  await db.database.api.query(`update endpoint set events = '{order.*}' where id = $1`, [endpointId]);
  await db.database.api.query(`update endpoint set paused_at = now() where id = $1`, [other]);
  const told = async () =>
    (
      await db.database.api.query<{ type: string }>(
        `select type from event where owner_id = $1 and type <> 'order.paid' order by id`,
        [ownerId],
      )
    ).rows.map(({ type }) => type);
  const rules = { retrySchedule: [0], requireVerification: true };
  const tellings = new Tellings({ database: db.database, logger: quietLogger, rules, mailer: undefined });
  const fail = () => tellings.failing({ ownerId, endpointId }, 'EXHAUSTED', undefined);
  fail();
  tellings.succeeded({ ownerId, endpointId }, { wasIll: false });
  await tellings.stop();
  expect(await told()).toEqual(['endpoint.failing', 'endpoint.recovered']);
  await db.database.api.query(
    `update endpoint_health set told_failing_at = now() - interval '599.7 seconds' where endpoint_id = $1`,
    [endpointId],
  );
  await untilTrue(async () => {
    fail();
    return (await told()).length === 3;
  });
  await tellings.stop();

  const worker = createWorker(db);
  worker.start();
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilTrue(async () => (await told()).length === 4);
  expect((await told()).slice(2)).toEqual(['endpoint.failing', 'endpoint.recovered']);
  await worker.stop(1_000);
  await receiver.close();
});

type Refused = {
  createEndpoint: { __typename: string; issues?: { path: (string | number)[]; code: string }[] };
};

test.each([
  ['no address', ['nobody'], 'INVALID_EMAIL'],
  ['a line break', ['a@b.c\r\nBcc: x@y.z'], 'INVALID_EMAIL'],
  ['a NUL', ['a\u0000@b.c'], 'INVALID_EMAIL'],
  ['another direction of writing', ['\u202esoc.elgoog@b.c'], 'INVALID_EMAIL'],
  ['two in one', ['a@b.c,d@e.f'], 'INVALID_EMAIL'],
  ['one twice', ['a@b.c', 'a@b.c'], 'DUPLICATE'],
  ['six', ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}@b.c`), 'TOO_MANY'],
])('%s is refused as an alert address', async (_name, alertEmails, code) => {
  const { createEndpoint: refused } = await ask<Refused>(
    caller,
    `mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { __typename
       ... on ValidationError { issues { path code } } } }`,
    { input: { url: 'http://127.0.0.1:9/', events: ['order.paid'], alertEmails } },
  );
  expect(refused.issues?.[0]).toMatchObject({ code });
  expect(refused.issues?.[0]?.path[0]).toBe('alertEmails');
});

test('nobody publishes what only the platform says', async () => {
  const answer = await ask<{ publishEvents: { issues?: { code: string }[] } }>(
    caller,
    `mutation { publishEvents(input: { events: [{ type: "delivery.dead_lettered", payload: {} }] }) {
       ... on ValidationError { issues { code } } } }`,
  );
  expect(answer.publishEvents.issues?.[0]?.code).toBe('RESERVED_EVENT_TYPE');
});
