import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectAs, RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
/** A client that stays silent from the first test to the last, because it is disconnected only after 10 seconds. */
let silent: RawSocket;
beforeAll(async () => {
  server = await startTestServer({ environment: { ALLOWED_ORIGINS: 'https://dashboard.example' } });
  silent = await new RawSocket(server.wsUrl).open();
});
afterAll(() => server.stop());

test('queries, mutations and subscriptions run over one socket', async () => {
  const client = createClient({
    url: server.wsUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: 'Bearer full' },
  });
  const results = async (query: string) => {
    const all: unknown[] = [];
    for await (const result of client.iterate({ query })) all.push(result);
    return all;
  };
  expect(await results('{ hello }')).toEqual([{ data: { hello: 'hello full' } }]);
  expect(await results('subscription { ticks(to: 3) }')).toEqual(
    [1, 2, 3].map((ticks) => ({ data: { ticks } })),
  );
  expect(await results('mutation { renameThing(input: { id: "x", name: "" }) { __typename } }')).toEqual([
    { data: { renameThing: { __typename: 'ValidationError' } } },
  ]);
  await client.dispose();
});

test('what is wrong with one operation is answered under its id; the others go on', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('going', 'subscription { silence }'));
  const answers: Record<string, string> = {
    '{ hello': 'GRAPHQL_PARSE_FAILED',
    '{ nothing }': 'GRAPHQL_VALIDATION_FAILED',
    [`{ ${'hello '.repeat(3_000)} }`]: 'GRAPHQL_PARSE_FAILED',
    '{ things(first: 100) { nodes { things(first: 100) { nodes { things(first: 100) { nodes { id } } } } } } }':
      'COST_EXCEEDED',
    'query a { hello } query b { hello }': 'BAD_USER_INPUT',
  };
  for (const [index, [query, code]] of Object.entries(answers).entries()) {
    socket.say(subscribeTo(`op${index}`, query));
    const { payload, type } = await socket.hear(({ id }) => id === `op${index}`);
    const errors = type === 'error' ? payload : Object(payload).errors;
    expect([query, errors[0].extensions.code]).toEqual([query, code]);
    expect(JSON.stringify(errors)).not.toMatch(/"http"|"unexpected"/);
  }
  expect(socket.socket.readyState).toBe(WebSocket.OPEN);
  expect(server.ticks.opened - server.ticks.returned).toBe(1);
  socket.socket.close();
  await server.ticks.whenReturned(server.ticks.opened);
});

test('nothing of an error of ours is shown, neither in a result nor when a stream breaks', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('query', '{ fails(how: "error") }'));
  socket.say(subscribeTo('stream', 'subscription { breaks }'));
  const result = await socket.hear(({ id }) => id === 'query');
  expect(Object(result.payload).errors[0].extensions).toEqual({
    code: 'INTERNAL',
    requestId: expect.any(String),
  });
  const broken = await socket.hear(({ id, type }) => id === 'stream' && type === 'error');
  expect(broken.payload).toEqual([
    {
      message: 'An internal error happened.',
      extensions: { code: 'INTERNAL', requestId: expect.any(String) },
    },
  ]);
  expect(JSON.stringify(socket.heard)).not.toContain('hunter2');
  socket.socket.close();
});

test('a permission is asked before the source is made', async () => {
  const before = server.ticks.opened;
  const socket = await connectAs('poor', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { ticks }'));
  const { payload } = await socket.hear(({ id }) => id === '1');
  expect(Object(payload).errors[0].extensions).toEqual({ code: 'FORBIDDEN', permission: 'MANAGE_WEBHOOKS' });
  expect(server.ticks.opened).toBe(before);
  socket.socket.close();
});

test('a client’s complete ends the source, even one that is waiting', async () => {
  const socket = await connectAs('full', server.wsUrl);
  const before = server.ticks.opened;
  socket.say(subscribeTo('1', 'subscription { silence }'));
  socket.say(subscribeTo('2', '{ hello }'));
  await socket.hear(({ id }) => id === '2');
  expect(server.ticks.opened).toBe(before + 1);
  socket.say({ id: '1', type: 'complete' });
  await server.ticks.whenReturned(server.ticks.opened);
  socket.socket.close();
});

test('an operation without messages tells by a ping how far it is', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('quiet', 'subscription { covers }'));
  const ping = await socket.hear(({ type }) => type === 'ping');
  expect(ping).toEqual({ type: 'ping', payload: { id: 'quiet', position: 7 } });
  socket.say({ type: 'pong', payload: ping.payload ?? {} });
  socket.socket.close();
  await server.ticks.whenReturned(server.ticks.opened);
});

test('the 101st open operation on a socket is refused; the first hundred go on', async () => {
  const socket = await connectAs('full', server.wsUrl);
  for (let n = 0; n < 300; n += 1) socket.say(subscribeTo(`s${n}`, 'subscription { silence }'));
  const { payload } = await socket.hear(({ id }) => id === 's299');
  expect(payload).toMatchObject([{ extensions: { code: 'RATE_LIMITED', limit: 100 } }]);
  expect(socket.heard.filter(({ type }) => type === 'error')).toHaveLength(200);
  expect(server.ticks.opened - server.ticks.returned).toBe(100);
  socket.socket.close();
  await server.ticks.whenReturned(server.ticks.opened);
});

test('500 subscriptions at once are too many messages', async () => {
  const socket = await connectAs('full', server.wsUrl);
  for (let n = 0; n < 500; n += 1) socket.say(subscribeTo(`s${n}`, 'subscription { silence }'));
  expect(await socket.closed()).toEqual({ code: 4429, reason: 'Too many messages' });
  await server.ticks.whenReturned(server.ticks.opened);
});

const broken: Record<string, { say: (socket: RawSocket) => void; code: number }> = {
  'subscribing before connection_init': {
    say: (socket) => socket.say(subscribeTo('1', '{ hello }')),
    code: 4401,
  },
  'connection_init twice': {
    say(socket) {
      socket.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
      socket.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
    },
    code: 4429,
  },
  'text that is not JSON': { say: (socket) => socket.say('{'), code: 4400 },
  'a message of no known type': { say: (socket) => socket.say({ type: 'start', id: '1' }), code: 4400 },
  'a subscribe without a query': {
    say(socket) {
      socket.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
      socket.say({ type: 'subscribe', id: '1', payload: {} });
    },
    code: 4400,
  },
  'a message of 20 MB': { say: (socket) => socket.say('x'.repeat(20_000_000)), code: 1009 },
  'a message that nests without end': { say: (socket) => socket.say('['.repeat(10_000)), code: 4400 },
  'a flood of pings': {
    say(socket) {
      for (let n = 0; n < 1_000; n += 1) socket.say({ type: 'ping' });
    },
    code: 4429,
  },
  'a large message before connection_init': {
    say: (socket) => socket.say({ type: 'ping', payload: { pad: 'x'.repeat(70_000) } }),
    code: 1009,
  },
  'a connection_init with a large payload': {
    say: (socket) => socket.say({ type: 'connection_init', payload: { pad: 'x'.repeat(70_000) } }),
    code: 1009,
  },
  'a flood of pong frames': {
    say(socket) {
      for (let n = 0; n < 1_000; n += 1) socket.socket.pong();
    },
    code: 4429,
  },
  'a flood of ping frames': {
    say(socket) {
      for (let n = 0; n < 1_000; n += 1) socket.socket.ping();
    },
    code: 4429,
  },
};

for (const [name, { say, code }] of Object.entries(broken)) {
  test(`${name} closes the socket with ${code}`, async () => {
    const socket = await new RawSocket(server.wsUrl).open();
    say(socket);
    expect((await socket.closed()).code).toBe(code);
  });
}

test('two operations with the same id close the socket with 4409', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('same', 'subscription { silence }'));
  socket.say(subscribeTo('same', 'subscription { silence }'));
  expect((await socket.closed()).code).toBe(4409);
  await server.ticks.whenReturned(server.ticks.opened);
});

test.each(['', 'a', 'ab'])('a close reason ends between two characters after %j', async (lead) => {
  for (const sign of ['é', '€', '😀']) {
    const name = lead + sign.repeat(90);
    const socket = await new RawSocket(server.wsUrl).open();
    socket.say(`{"type":"ping","${name}":1,"${name}":2}`);
    const { code, reason } = await socket.closed();
    expect([code, reason.replaceAll(sign, '')]).toEqual([4400, `An object has the name "${lead}`]);
    expect(Buffer.byteLength(reason)).toBeGreaterThan(119);
  }
});

test('another subprotocol is not spoken', async () => {
  const socket = new RawSocket(server.wsUrl, { protocol: 'graphql-ws' });
  await socket.closed();
  expect(socket.heard).toEqual([]);
});

test('a page of a browser connects from a listed origin or our own', async () => {
  const outcome = (origin: string) =>
    new Promise<number | string>((resolve) => {
      const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws', { origin });
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => undefined);
      socket.on('open', () => {
        resolve('open');
        socket.close();
      });
    });
  expect(await outcome('https://dashboard.example')).toBe('open');
  expect(await outcome(server.url)).toBe('open');
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1', `${server.url}.evil.example`]) {
    expect([origin, await outcome(origin)]).toEqual([origin, 403]);
  }
});

test('other paths are not there', async () => {
  const socket = new WebSocket(server.wsUrl.replace('/graphql', '/other'), 'graphql-transport-ws');
  const status = await new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('error', () => undefined);
  });
  expect(status).toBe(404);
});

test('an actor’s operations over WebSocket count against the same limit as its requests', async () => {
  const limited = await startTestServer({ environment: { RATE_LIMIT_PER_MINUTE: '3' } });
  expect((await limited.post('{ hello }')).status).toBe(200);
  const socket = await connectAs('full', limited.wsUrl);
  for (const id of ['1', '2', '3']) {
    socket.say(subscribeTo(id, '{ hello }'));
    await socket.hear((message) => message.id === id);
  }
  const refused = socket.heard.find(({ type }) => type === 'error');
  expect(refused).toMatchObject({ id: '3', payload: [{ extensions: { code: 'RATE_LIMITED', limit: 3 } }] });
  const other = await connectAs('poor', limited.wsUrl);
  other.say(subscribeTo('1', '{ hello }'));
  expect((await other.hear(({ id }) => id === '1')).type).toBe('next');
  await limited.stop();
});

test('a socket without connection_init is closed with 4408', async () => {
  expect((await silent.closed()).code).toBe(4408);
});
