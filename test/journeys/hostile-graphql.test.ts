import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAs, subscribeTo } from '../http/socket.ts';
import { type Caller, publish, registerEventType } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

// The real program and the real schema. The requests of a hostile tenant are refused in bounded time and memory, and
// another tenant, which publishes and follows its log meanwhile, is not affected.
/** The process usually takes 200 MB. The largest body of each kind adds some tens of MB until they are collected. */
const boundedMiB = 800;

let stage: Stage;
let hostile: Caller;
let bystander: Caller;
let pid: number;
let follower: Awaited<ReturnType<typeof connectAs>>;
let published = 0;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer();
  pid = server.pid;
  hostile = await stage.callerOf(server);
  bystander = await stage.callerOf(server, { tenant: 'bystander', sub: 'bystander' });
  const receiver = await stage.startReceiver();
  await registerEventType(bystander, { name: 'order.paid', example: {} });
  await createInactiveEndpoint(bystander, receiver.url);
  follower = await connectAs(bystander.token, `${bystander.origin.replace('http', 'ws')}/graphql`);
  follower.say(subscribeTo('log', 'subscription { deliveryStatusChanged { after position } }'));
});
afterAll(() => stage?.close());

/** Missed deliveries are recorded at once as FAILED, which is one change of status for each event. */
async function createInactiveEndpoint(caller: Caller, url: string): Promise<void> {
  const { status, text } = await post(
    caller,
    JSON.stringify({
      query: `mutation ($url: String!) {
        createEndpoint(input: { url: $url, events: ["order.paid"], isActive: false }) { __typename }
      }`,
      variables: { url },
    }),
  );
  expect([status, text]).toEqual([200, expect.stringContaining('CreateEndpointPayload')]);
}

async function post(caller: Caller, body: string, accept = 'application/json') {
  const response = await fetch(`${caller.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${caller.token}` },
    body,
  });
  return { status: response.status, text: await response.text() };
}

/** The text of the answer, or how the socket was closed. */
async function say(caller: Caller, body: string): Promise<string> {
  const socket = await connectAs(caller.token, `${caller.origin.replace('http', 'ws')}/graphql`);
  socket.say(`{"id":"1","type":"subscribe","payload":${body}}`);
  const answered = socket.hear(({ id }) => id === '1').then((message) => JSON.stringify(message));
  const text = await Promise.race([answered, socket.closed().then(({ code }) => `closed ${code}`)]);
  socket.socket.close();
  return text;
}

const inTurn = (count: number, piece: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => piece(index)).join(' ');
const query = (text: string, variables = '{}') =>
  `{"query":${JSON.stringify(text)},"variables":${variables}}`;
const byStatus = 'query ($f: DeliveryFilter) { deliveries(filter: $f) { nodes { id } } }';
const lists = (levels: number) => `{"f":{"status":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
const publishing =
  'mutation ($e: [PublishEventInput!]!) { publishEvents(input: { events: $e }) { __typename ... on ValidationError { issues { code } } } }';

/**
 * The body, the code of its refusal, and over WebSocket how the socket ends if the message itself is not acceptable.
 */
const bodies: Record<string, [body: string, code: string, closed?: string]> = {
  'exponential fragments': [
    query(
      `{ deliveries { nodes { ...f0 } } } ${inTurn(40, (n) => `fragment f${n} on Delivery { a: replayOf { ...f${n + 1} } b: replayOf { ...f${n + 1} } }`)} fragment f40 on Delivery { id }`,
    ),
    'GRAPHQL_VALIDATION_FAILED',
  ],
  '1,000 aliases': [query(`{ ${inTurn(1_000, (n) => `a${n}: logHead`)} }`), 'GRAPHQL_PARSE_FAILED'],
  '100,000 tokens': [query(`{ ${'logHead '.repeat(100_000)} }`), 'GRAPHQL_PARSE_FAILED'],
  'pages three deep, 50 each by a variable': [
    query(
      'query ($n: Int) { endpoints(first: $n) { nodes { deliveries(first: $n) { nodes { replays(first: $n) { nodes { id } } } } } } }',
      '{"n":50}',
    ),
    'COST_EXCEEDED',
  ],
  'a body of 5 MB': [query('{ logHead }', `{"x":"${'x'.repeat(5_000_000)}"}`), 'PAYLOAD_TOO_LARGE', '1009'],
  '4 MB of lists within lists': [query(byStatus, lists(1_900_000)), 'BAD_USER_INPUT', '4400'],
  '10 MB of lists within lists': [query(byStatus, lists(5_000_000)), 'PAYLOAD_TOO_LARGE', '1009'],
  'a million wrong values': [
    query(byStatus, `{"f":{"status":[${'0,'.repeat(1_000_000)}0]}}`),
    'BAD_USER_INPUT',
    '4400',
  ],
  'a payload of two million numbers': [
    query(publishing, `{"e":[{"type":"order.paid","payload":[${'1,'.repeat(1_900_000)}1]}]}`),
    'BAD_USER_INPUT',
    '4400',
  ],
  'a subscription that would keep 4 MB': [
    query(
      'subscription ($f: DeliveryFilter) { deliveryStatusChanged(filter: $f) { position } }',
      `{"f":{"eventType":["${'x'.repeat(4_000_000)}"]}}`,
    ),
    'BAD_USER_INPUT',
  ],
  'a syntax error': [query('{ logHead'), 'GRAPHQL_PARSE_FAILED'],
};

/** Publishes, and waits until its change is in the log that the bystander follows. */
async function bystanderGoesOn(): Promise<void> {
  await publish(bystander, [{ type: 'order.paid', payload: {} }]);
  published += 1;
  await follower.hear(({ payload }) => positionOf(payload) === published);
}

const positionOf = (payload: unknown): unknown => Object(payload).data?.deliveryStatusChanged?.position;

const residentMiB = () =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;

const transports: Record<string, (body: string) => Promise<string>> = {
  HTTP: async (body) => (await post(hostile, body)).text,
  'server-sent events': async (body) => (await post(hostile, body, 'text/event-stream')).text,
  WebSocket: (body) => say(hostile, body),
};

for (const [transport, send] of Object.entries(transports)) {
  describe(`over ${transport}`, () => {
    for (const [name, [body, code, closed]] of Object.entries(bodies)) {
      test(`${name}: refused, and nobody else feels it`, async () => {
        const [text] = await Promise.all([send(body), bystanderGoesOn()]);
        const expected = transport === 'WebSocket' && closed !== undefined ? `closed ${closed}` : `"${code}"`;
        expect(text).toContain(expected);
        expect(residentMiB()).toBeLessThan(boundedMiB);
      });
    }
  });
}

test('forty bodies of 4 MB at once do not keep the others waiting until the last of them is done', async () => {
  const [body] = bodies['a million wrong values'] ?? [''];
  let done = 0;
  const all = Promise.all(
    Array.from({ length: 40 }, async () => {
      await post(hostile, body);
      done += 1;
    }),
  );
  await bystanderGoesOn();
  expect(done).toBeLessThan(40);
  await all;
  expect(residentMiB()).toBeLessThan(boundedMiB);
});

test('an answer has each payload of a large page once, and not with fifty names', async () => {
  const payloadText = `[${'[],'.repeat(80_000)}[]]`;
  for (let count = 0; count < 8; count += 4) {
    await publish(
      hostile,
      Array.from({ length: 4 }, () => ({ type: 'order.paid', payloadText })),
    );
  }
  const page = (fields: string) => query(`{ events(first: 8) { nodes { ${fields} } } }`);
  const forms = ['payload', 'payloadText', 'bodyText'];
  const many = page(inTurn(50, (n) => `a${n}: ${forms[n % 3]}`));
  const [[each, refused]] = await Promise.all([
    Promise.all([post(hostile, page('payload')), post(hostile, many)]),
    bystanderGoesOn(),
  ]);
  expect(each?.text.length).toBeGreaterThan(1_900_000);
  expect(refused?.text).toContain('COST_EXCEEDED');
  expect(refused?.text.length).toBeLessThan(100_000);
  expect(residentMiB()).toBeLessThan(boundedMiB);
});

test('the audit log does not keep megabytes of conditions that match nothing', async () => {
  const cancel = query(
    'mutation ($filter: DeliveryFilter!) { cancelDeliveries(input: { filter: $filter }) { __typename } }',
    `{"filter":{"eventType":["${'x'.repeat(4_000_000)}"]}}`,
  );
  for (let count = 0; count < 10; count += 1) await post(hostile, cancel);
  const log = query('{ auditLog(first: 10) { nodes { action changes } } }');
  const [{ text }] = await Promise.all([post(hostile, log), bystanderGoesOn()]);
  expect(text).toContain('cancel_job.create');
  expect(text).toContain(`["${'x'.repeat(200)}…"]`);
  expect(text.length).toBeLessThan(10_000);
});

test('the log that was followed all the while has no hole', async () => {
  await bystanderGoesOn();
  const positions = follower.heard.map(({ payload }) => positionOf(payload)).filter((at) => at !== undefined);
  expect(positions).toEqual(Array.from({ length: published }, (_, index) => index + 1));
});
