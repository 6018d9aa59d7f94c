import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAs } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Whatever a client sends is answered as an error of the client, with an explanation, and leaves nothing open. */
let server: TestServer;
const lines: string[] = [];
beforeAll(async () => {
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  server = await startTestServer({ logger, streamHeartbeatMs: 10 });
});
afterAll(() => server.stop());

const accepts = [
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed;subscriptionSpec=1.0',
  'multipart/mixed;boundary="a,b',
  'application/json;q=0',
  'text/html',
  'a/b;q=zz,,;',
  '"',
];
const documents = [
  '{ hello }',
  'query a { hello } query b { hello }',
  'query ($l: [String!]!) { echo(list: $l) }',
  'subscription { ticks(to: 1) }',
  'subscription { ticks(to: 1) @skip(if: true) }',
  'subscription ($on: Boolean!) { ticks(to: 1) @include(if: $on) }',
  'subscription { ...f } fragment f on Subscription { ... @include(if: false) { ticks } }',
  'subscription { ticks names }',
  'subscription { __typename }',
  'fragment f on Query { hello }',
  'mutation { __typename }',
  '{',
  '',
];
const value = fc.oneof(
  fc.constantFrom(...documents),
  fc.jsonValue({ maxDepth: 2, noUnicodeString: false }),
  fc.constantFrom(null, '', 0, [], {}, '\u0000', '\ud800'),
);
const operation = fc.record(
  {
    query: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom<unknown>(...documents) },
      { weight: 1, arbitrary: value },
    ),
    variables: value,
    operationName: value,
    extensions: value,
    documentId: value,
  },
  { requiredKeys: ['query'] },
);
const body = fc.oneof(
  { weight: 6, arbitrary: operation.map((asked) => JSON.stringify(asked)) },
  { weight: 1, arbitrary: value.map((any) => JSON.stringify(any)) },
  { weight: 1, arbitrary: fc.constantFrom('', '{', '\ufeff{}', '1e999', '[12345678901234567890]') },
);
const optional = (...values: string[]) => fc.option(fc.constantFrom(...values), { freq: 3, nil: undefined });
const request = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
  body,
  accept: optional(...accepts),
  contentType: optional(
    'application/json',
    'application/json;charset=UTF8',
    'application/json;charset=x',
    'text/plain',
  ),
  encoding: optional('gzip', 'identity'),
  lastEventId: optional('1', 'x'),
});

test('no request over HTTP is answered as a fault of ours', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const { accept, encoding, lastEventId } = asked;
      const response = await fetch(server.graphqlUrl, {
        method: asked.method,
        headers: {
          authorization: 'Bearer full',
          'content-type': asked.contentType ?? 'application/json',
          ...(accept === undefined ? {} : { accept }),
          ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
          ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        },
        body: asked.body,
      });
      const text = await response.text();
      expect(response.status).toBeLessThan(500);
      expect(text).not.toContain('INTERNAL');
      if (response.status >= 400) expect(text).toContain('"message":');
    }),
    { numRuns: 500 },
  );
  expect(lines).toEqual([]);
  expect(server.ticks.returned).toBe(server.ticks.opened);
});

/** Only types that the protocol has, because any other ends the socket and hides the answer. */
const object = fc.option(
  fc.dictionary(fc.constantFrom('l', 'on', 'headers', 'authorization'), value, { maxKeys: 2 }),
);
const subscribe = fc.record({
  query: fc.constantFrom(...documents),
  variables: object,
  operationName: fc.constantFrom(null, '', 'a', '\u0000'),
  extensions: object,
  documentId: value,
});
const id = fc.constantFrom('1', '2', '3');
const message = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(id, subscribe).map(([of, payload]) => ({ id: of, type: 'subscribe', payload })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('ping', 'pong'), object)
      .map(([type, payload]) => ({ type, payload })),
  },
  { weight: 2, arbitrary: id.map((of) => ({ id: of, type: 'complete' })) },
  {
    weight: 1,
    arbitrary: fc.tuple(id, operation).map(([of, payload]) => ({ id: of, type: 'subscribe', payload })),
  },
);

test('no message over WebSocket is answered as a fault of ours', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (messages) => {
      const socket = await connectAs('full', server.wsUrl);
      for (const said of messages) socket.say(said);
      socket.say({ id: 'last', type: 'subscribe', payload: { query: '{ hello }' } });
      const answered = socket.hear(({ id, type }) => id === 'last' && type === 'complete');
      const closed = await Promise.race([answered.then(() => undefined), socket.closed()]);
      expect([undefined, 4400, 4409, 4429]).toContain(closed?.code);
      expect(JSON.stringify(socket.heard)).not.toContain('INTERNAL');
      socket.socket.terminate();
    }),
    { numRuns: 300 },
  );
  expect(lines).toEqual([]);
  await server.ticks.whenReturned(server.ticks.opened);
});
