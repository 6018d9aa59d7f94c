import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { publishDocument } from '../support/client.ts';

/** What an attacker needs: an address and a valid credential. */
export type Nuisance = Readonly<{ origin: string; token: string }>;

/** One kind of attack. It ends by itself; whether it was refused does not matter here. */
export type HostileRequest = (to: Nuisance) => Promise<unknown>;

const inParallel = (count: number, act: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, index) => act(index)));
const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

async function post({ origin, token }: Nuisance, body: string): Promise<void> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  });
  await response.arrayBuffer();
}

const postQuery = (to: Nuisance, query: string, variables: Record<string, unknown> = {}) =>
  post(to, JSON.stringify({ query, variables }));

/** Writes these bytes to a connection and reads until the server ends it, or this time is over. */
function raw(origin: string, bytes: string, forMs: number): Promise<void> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), forMs);
    socket.on('error', () => undefined);
    socket.resume();
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Opens a socket with the credential, sends these messages at once, and waits until the last one is answered or the
 * socket closes.
 */
function overSocket({ origin, token }: Nuisance, messages: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.once('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
    );
    socket.once('message', () => {
      for (const message of messages) socket.send(message);
      // The server answers pings in order, after everything sent before.
      socket.send('{"type":"ping","payload":{"last":true}}');
    });
    socket.on('message', (data) => {
      if (String(data).includes('"last":true')) socket.terminate();
    });
  });
}

const subscribe = (id: string, query: string) =>
  JSON.stringify({ id, type: 'subscribe', payload: { query } });

const wholePage =
  'nodes { id status endpoint { id url } event { id type payload } attempts { id outcome responseBody } }';
const manyTypes = Array.from({ length: 90_000 }, (_, index) => `a.b${index}`);
const manyIds = Array.from({ length: 90_000 }, (_, index) => `del_${index.toString(16).padStart(32, '0')}`);
const byFilter = (aliases: number) =>
  `query ($f: DeliveryFilter) { ${times(aliases, (n) => `a${n}: deliveries(filter: $f, first: 1) { nodes { id } }`)} }`;
/** Built once, because the server is measured and not the client. */
const bodies = {
  types: JSON.stringify({ query: byFilter(20), variables: { f: { eventType: manyTypes } } }),
  ids: JSON.stringify({ query: byFilter(5), variables: { f: { id: manyIds } } }),
  keys: `{"query":"{ viewer { __typename } }","variables":{${Array.from({ length: 300_000 }, (_, n) => `"k${n}":1`).join(',')}}}`,
  lost: `{"query":"{ viewer { __typename } }","variables":{"x":[${'1e999,'.repeat(650_000)}1]}}`,
  depth: `{"query":"{ viewer { __typename } }","variables":{"x":${'['.repeat(2_000_000)}`,
  text: JSON.stringify({
    query: 'query ($f: DeliveryFilter) { deliveries(filter: $f) { nodes { id } } }',
    variables: { f: { eventType: ['x'.repeat(4_000_000)] } },
  }),
  events: JSON.stringify({
    query: publishDocument,
    variables: {
      events: Array.from({ length: 1_000 }, (_, n) => ({
        type: 'order.paid',
        payload: { n, text: 'x'.repeat(1_000) },
      })),
    },
  }),
  errors: JSON.stringify({
    query: 'query ($f: DeliveryFilter) { deliveries(filter: $f) { nodes { id } } }',
    variables: { f: { status: Array.from({ length: 10_000 }, () => 'NONSENSE') } },
  }),
};

const branches = ['a', 'b', 'c', 'd'].map((type) => ({
  type: 'object',
  properties: { children: { type: 'array', items: { $ref: '#' } }, type: { const: type } },
  required: ['type'],
}));
const nested = (depth: number): object =>
  depth === 0 ? { type: 'd' } : { children: [nested(depth - 1)], type: 'd' };

/** Event types whose payloads are expensive to check. */
export const hostileTypes = [
  { name: 'hostile.pattern', schema: { properties: { a: { pattern: '^(a+)+$' } } }, example: {} },
  { name: 'hostile.stars', schema: { properties: { a: { pattern: 'a*a*b$' } } }, example: {} },
  { name: 'hostile.unique', schema: { properties: { list: { uniqueItems: true } } }, example: {} },
  { name: 'hostile.rich', schema: { oneOf: branches }, example: { type: 'd' } },
];
const publishOne = (to: Nuisance, type: string, payload: object) =>
  postQuery(to, publishDocument, { events: [{ type, payload }] });

export const hostileRequests: Readonly<Record<string, HostileRequest>> = {
  '20 aliases with 90,000 event types each': (to) => post(to, bodies.types),
  '5 aliases with 90,000 ids each': (to) => post(to, bodies.ids),
  '20 aliases with filters as long as they may be': (to) =>
    postQuery(to, byFilter(20), { f: { eventType: manyTypes.slice(0, 100), id: manyIds.slice(0, 100) } }),
  'the dearest page that is allowed': (to) => postQuery(to, `{ deliveries(first: 100) { ${wholePage} } }`),
  'statistics by 20 aliases': (to) =>
    postQuery(to, `{ ${times(20, (n) => `a${n}: deliveryStats { succeeded latencyP95 }`)} }`),
  '30 bad credentials at once': ({ origin }) =>
    inParallel(30, async (index) => {
      const response = await fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer hlg_nonsense_${index}`,
          // An address different from the quiet tenant's.
          'x-forwarded-for': '203.0.113.9',
        },
        body: '{"query":"{ viewer { __typename } }"}',
      });
      await response.arrayBuffer();
    }),
  'a document of fragments': (to) =>
    postQuery(to, `{ ...f0 } ${times(3_000, (n) => `fragment f${n} on Query { ...f${n + 1} }`)}`),
  'a document that doubles itself': (to) =>
    postQuery(
      to,
      `{ ...f0 } ${times(40, (n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} }`)} fragment f40 on Query { viewer { __typename } }`,
    ),
  'conditions one beside the other': (to) =>
    postQuery(to, `query ($b: Boolean!) { ${times(1_500, () => '... @include(if: $b) { __typename }')} }`, {
      b: true,
    }),
  'many operations': (to) =>
    postQuery(
      to,
      times(600, (n) => `query q${n} { __typename }`),
    ),
  'introspection within itself': (to) =>
    postQuery(to, `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} } '.repeat(6)} } } }`),
  'a pattern that backtracks': (to) => publishOne(to, 'hostile.pattern', { a: `${'a'.repeat(33)}!` }),
  'a pattern of two stars': (to) => publishOne(to, 'hostile.stars', { a: 'a'.repeat(2_500) }),
  '12,000 unique items': (to) =>
    publishOne(to, 'hostile.unique', { list: Array.from({ length: 12_000 }, (_, id) => ({ id })) }),
  'recursive rich text': (to) => publishOne(to, 'hostile.rich', nested(12)),
  '3,000 ids for nodes': (to) =>
    postQuery(to, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: manyIds.slice(0, 3_000) }),
  '10,000 errors': (to) => post(to, bodies.errors),
  '300,000 keys': (to) => post(to, bodies.keys),
  '650,000 numbers that would be changed': (to) => post(to, bodies.lost),
  'two million levels': (to) => post(to, bodies.depth),
  'a text of 4 MB': (to) => post(to, bodies.text),
  'headers of 15 KB': ({ origin }) =>
    inParallel(20, () =>
      raw(origin, `GET /graphql HTTP/1.1\r\nhost: localhost\r\nx-a: ${'a'.repeat(15_000)}\r\n\r\n`, 500),
    ),
  '300 bodies that do not come': ({ origin, token }) =>
    inParallel(300, () =>
      raw(
        origin,
        `POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
        1_000,
      ),
    ),
  '500 requests without waiting for answers': ({ origin, token }) =>
    raw(
      origin,
      `GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n\r\n`.repeat(
        500,
      ),
      2_000,
    ),
  '200 requests at once': (to) => inParallel(200, () => postQuery(to, '{ deliveries { nodes { id } } }')),
  'one operation on each of 100 sockets': (to) =>
    inParallel(100, () => overSocket(to, [subscribe('1', '{ deliveries { nodes { id } } }')])),
  '1,000 operations on one socket': (to) =>
    overSocket(
      to,
      Array.from({ length: 1_000 }, (_, n) => subscribe(`${n}`, '{ deliveries { nodes { id } } }')),
    ),
  '30 bodies of 4 MB at once': (to) => inParallel(30, () => post(to, bodies.text)),
  '20 calls of 1,000 events at once': (to) => inParallel(20, () => post(to, bodies.events)),
  'a message of 4 MB on each of 20 sockets': (to) =>
    inParallel(20, () => overSocket(to, [`{"id":"1","type":"subscribe","payload":${bodies.text}}`])),
  'messages of 4 MB': (to) =>
    overSocket(
      to,
      Array.from({ length: 3 }, (_, n) => `{"id":"${n}","type":"subscribe","payload":${bodies.lost}}`),
    ),
};
