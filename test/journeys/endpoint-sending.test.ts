import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
/** The endpoint on which bad inputs are tried. */
let victim: string;
beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer({ RETRY_SCHEDULE: '0,1' });
  caller = await stage.callerOf(server, { tenant: 'sender' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
  const { url } = await stage.startReceiver();
  victim = (await createEndpoint(caller, { url, events: ['order.paid'] })).id;
});
afterAll(() => stage.close());

type Updated = {
  updateEndpoint: {
    __typename: string;
    issues?: { path: (string | number)[]; code: string; message: string }[];
    endpoint?: Record<string, unknown>;
  };
};

const fields = 'headers { name value isSecret } retrySchedule timeoutMs stopOn';

async function update(
  id: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Updated['updateEndpoint']> {
  const { updateEndpoint } = await ask<Updated>(
    caller,
    `mutation ($input: UpdateEndpointInput!) {
       updateEndpoint(input: $input) {
         __typename
         ... on UpdateEndpointPayload { endpoint { ${fields} } }
         ... on ValidationError { issues { path code message } }
       }
     }`,
    { input: { id, ...input } },
  );
  return updateEndpoint;
}

type Seen = {
  status: string;
  failureReason: string | null;
  maxAttempts: number;
  attempts: {
    requestHeaders: { name: string; value: string }[] | null;
    outcome: string;
    durationMs: number;
  }[];
};

/** Publishes one event and waits until its one delivery to the endpoint has ended. */
async function deliver(endpoint: string): Promise<Seen> {
  const [published] = await publish(caller, [{ type: 'order.paid', payload: { order: 1 } }]);
  const eventId = published?.event.id ?? '';
  const isFinal = ({ status }: Seen) => ['SUCCEEDED', 'FAILED', 'DEAD_LETTER'].includes(status);
  let found: Seen | undefined;
  await untilTrue(async () => {
    const { deliveries } = await ask<{ deliveries: { nodes: Seen[] } }>(
      caller,
      `query ($filter: DeliveryFilter) { deliveries(filter: $filter) { nodes {
         status failureReason maxAttempts attempts { outcome durationMs requestHeaders { name value } } } } }`,
      { filter: { endpointId: [endpoint], eventId } },
    );
    found = deliveries.nodes.find(isFinal);
    return found !== undefined;
  });
  if (found === undefined) throw new Error('no delivery');
  return found;
}

test('own headers come with each attempt and with the handshake; a secret one is shown to its receiver alone', async () => {
  const receiver = await stage.startReceiver();
  const headers = [
    { name: 'X-Team', value: 'billing' },
    { name: 'Authorization', value: 'Bearer very-secret-1', isSecret: true },
  ];
  const { id, secret } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'], headers });
  expect(receiver.handshakes[0]?.headers).toMatchObject({
    'x-team': 'billing',
    authorization: 'Bearer very-secret-1',
  });

  const first = await deliver(id);
  const [got] = receiver.received;
  expect(got?.headers).toMatchObject({ 'x-team': 'billing', authorization: 'Bearer very-secret-1' });
  expect(new Webhook(secret).verify(got?.body ?? '', { ...got?.headers })).toBeTruthy();
  expect(first.attempts[0]?.requestHeaders).toEqual(
    expect.arrayContaining([
      { name: 'X-Team', value: 'billing' },
      { name: 'Authorization', value: '[redacted]' },
    ]),
  );

  const kept = await update(id, {
    headers: [
      { name: 'authorization', value: null },
      { name: 'X-New', value: 'a b' },
    ],
  });
  expect(kept.endpoint?.headers).toEqual([
    { name: 'authorization', value: null, isSecret: true },
    { name: 'X-New', value: 'a b', isSecret: false },
  ]);
  await deliver(id);
  expect(receiver.received[1]?.headers).toMatchObject({
    authorization: 'Bearer very-secret-1',
    'x-new': 'a b',
  });
  expect(receiver.received[1]?.headers['x-team']).toBeUndefined();
  await update(id, { headers: [{ name: 'authorization', value: 'Bearer very-secret-2', isSecret: true }] });

  const { auditLog } = await ask<{ auditLog: { nodes: { action: string; changes: unknown }[] } }>(
    caller,
    '{ auditLog { nodes { action changes } } }',
  );
  const audited = JSON.stringify(auditLog.nodes);
  expect(audited).toContain('secretHeaders');
  expect(audited).not.toContain('very-secret');
  expect((await update(id, { headers: null })).endpoint?.headers).toEqual([]);
});

test('a schedule, a time-out and statuses of its own decide what becomes of a delivery', async () => {
  const receiver = await stage.startReceiver({
    answer(_request, response, index) {
      if (index === 0) response.writeHead(422).end('no');
      else if (index <= 3) response.writeHead(500).end();
    },
  });
  const { id } = await createEndpoint(caller, {
    ...{ url: receiver.url, events: ['order.paid'], stopOn: [400, 422] },
    ...{ retrySchedule: [0, 0, 0], timeoutMs: 1_000 },
  });
  expect(await deliver(id)).toMatchObject({ status: 'FAILED', failureReason: 'REJECTED', maxAttempts: 3 });
  expect(receiver.received).toHaveLength(1);
  expect(await deliver(id)).toMatchObject({ status: 'DEAD_LETTER', failureReason: 'RETRIES_EXHAUSTED' });
  expect(receiver.received).toHaveLength(4);

  await update(id, { retrySchedule: [0] });
  const late = await deliver(id);
  expect(late).toMatchObject({ status: 'DEAD_LETTER', maxAttempts: 1, attempts: [{ outcome: 'TIMEOUT' }] });
  expect(late.attempts[0]?.durationMs).toBeGreaterThanOrEqual(990);
  const { endpoint } = await update(id, { retrySchedule: null, timeoutMs: null, stopOn: null });
  expect(endpoint).toMatchObject({ retrySchedule: null, timeoutMs: null, stopOn: [] });
});

const header = (name: string, value: string | null = 'v') => ({ headers: [{ name, value }] });
test('with the prefix svix- the same signature comes under the names that a receiver was written for', async () => {
  const receiver = await stage.startReceiver();
  const { id, secret } = await createEndpoint(caller, {
    ...{ url: receiver.url, events: ['order.paid'], headerPrefix: 'svix-' },
  });
  expect(receiver.handshakes[0]?.headers['svix-signature']).toMatch(/^v1,/);
  const delivery = await deliver(id);
  const got = receiver.received[0];
  expect(got?.headers['webhook-id']).toBeUndefined();
  const renamed = Object.fromEntries(
    Object.entries(got?.headers ?? {}).map(([name, value]) => [name.replace(/^svix-/, 'webhook-'), value]),
  );
  expect(new Webhook(secret).verify(got?.body ?? '', renamed)).toBeTruthy();
  expect(delivery.attempts[0]?.requestHeaders).toContainEqual({
    name: 'svix-signature',
    value: '[redacted]',
  });

  await update(id, { headerPrefix: 'webhook-' });
  await deliver(id);
  expect(receiver.received[1]?.headers['svix-id']).toBeUndefined();
  expect(
    new Webhook(secret).verify(receiver.received[1]?.body ?? '', { ...receiver.received[1]?.headers }),
  ).toBeTruthy();
});

test('the caller’s trace is handed on only where the endpoint allows it, also by a server that does not trace', async () => {
  const receiver = await stage.startReceiver();
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
  const headers = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=abc',
  };
  const traced = { ...caller, headers };
  const send = async (by: Caller) => {
    const arrived = receiver.until(receiver.received.length + 1);
    await publish(by, [{ type: 'order.paid', payload: {} }]);
    await arrived;
    return receiver.received.at(-1)?.headers;
  };
  expect(await send(traced)).not.toHaveProperty('traceparent');
  expect(await update(id, { sendTraceparent: true })).toMatchObject({ __typename: 'UpdateEndpointPayload' });
  expect(await send(traced)).toMatchObject(headers);
  expect(await send(caller)).not.toHaveProperty('traceparent');
  await update(id, { sendTraceparent: null });
  expect(await send(traced)).not.toHaveProperty('traceparent');
  const { auditLog } = await ask<{ auditLog: { nodes: { changes: unknown }[] } }>(
    caller,
    'query { auditLog(first: 2) { nodes { changes } } }',
  );
  expect(auditLog.nodes.map(({ changes }) => changes)).toEqual([
    { sendTraceparent: { from: true, to: null } },
    { sendTraceparent: { from: null, to: true } },
  ]);
});

const year = 365 * 86_400;

test.each([
  ['a line feed in a name', header('x-a\nb'), 'INVALID_CHARACTER'],
  ['a line end in a value', header('x-a', 'v\r\nhost: evil'), 'INVALID_CHARACTER'],
  ['a lone CR', header('x-a', 'v\r'), 'INVALID_CHARACTER'],
  ['a NUL in a value', header('x-a', 'a\u0000b'), 'INVALID_CHARACTER'],
  ['a NUL in a name', header('x\u0000'), 'INVALID_CHARACTER'],
  ['a colon', header('x:y'), 'INVALID_CHARACTER'],
  ['an empty name', header(''), 'INVALID_CHARACTER'],
  ['an empty value', header('x-a', ''), 'INVALID_CHARACTER'],
  ['a value beyond ASCII', header('x-a', 'é'), 'INVALID_CHARACTER'],
  ['a line separator', header('x-a', 'a\u2028b'), 'INVALID_CHARACTER'],
  ['Host', header('Host'), 'RESERVED'],
  ['content-type', header('CONTENT-type'), 'RESERVED'],
  ['connection', header('connection'), 'RESERVED'],
  ['transfer-encoding', header('Transfer-Encoding'), 'RESERVED'],
  ['webhook-signature', header('Webhook-Signature'), 'RESERVED'],
  ['an unknown webhook-', header('webhook-anything'), 'RESERVED'],
  ['proxy-authorization', header('proxy-authorization'), 'RESERVED'],
  ['traceparent', header('TraceParent'), 'RESERVED'],
  ['tracestate', header('tracestate'), 'RESERVED'],
  [
    'one name twice',
    {
      headers: [
        { name: 'a', value: '1' },
        { name: 'A', value: '2' },
      ],
    },
    'DUPLICATE',
  ],
  [
    '21 headers',
    { headers: Array.from({ length: 21 }, (_, n) => ({ name: `h${n}`, value: '1' })) },
    'TOO_MANY',
  ],
  ['9,000 bytes', header('x-a', 'v'.repeat(9_000)), 'TOO_LONG'],
  ['null without a secret to keep', header('x-unknown', null), 'REQUIRED'],
  ['an empty schedule', { retrySchedule: [] }, 'OUT_OF_RANGE'],
  ['21 attempts', { retrySchedule: Array.from({ length: 21 }, () => 0) }, 'OUT_OF_RANGE'],
  ['a negative delay', { retrySchedule: [0, -1] }, 'OUT_OF_RANGE'],
  ['a delay of a year', { retrySchedule: [0, year] }, 'OUT_OF_RANGE'],
  ['a time-out of 0', { timeoutMs: 0 }, 'OUT_OF_RANGE'],
  ['a time-out of 60,001', { timeoutMs: 60_001 }, 'OUT_OF_RANGE'],
  ['an unknown prefix', { headerPrefix: 'x-\r\n' }, 'UNKNOWN'],
  ['an empty prefix', { headerPrefix: '' }, 'UNKNOWN'],
  ['status 200', { stopOn: [200] }, 'OUT_OF_RANGE'],
  ['status 600', { stopOn: [600] }, 'OUT_OF_RANGE'],
  ['a status twice', { stopOn: [422, 422] }, 'DUPLICATE'],
  ['101 statuses', { stopOn: Array.from({ length: 101 }, (_, n) => 400 + n) }, 'TOO_MANY'],
])('%s is refused with its place', async (_name, input, code) => {
  const answer = await update(victim, input);
  expect(answer.__typename).toBe('ValidationError');
  expect(answer.issues?.map((issue) => issue.code)).toContain(code);
  expect(answer.issues?.[0]?.path[0]).toBe(Object.keys(input)[0]);
});
