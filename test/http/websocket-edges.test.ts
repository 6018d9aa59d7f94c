import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectAs, RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the credential in connection_init', () => {
  const bearer = 'Bearer full';
  const taken: object[] = [
    { authorization: bearer },
    { Authorization: bearer },
    { AUTHORIZATION: bearer },
    { headers: { authorization: bearer } },
    { headers: { Authorization: bearer } },
    { Headers: { Authorization: bearer } },
    { authorization: bearer, headers: { Authorization: bearer } },
    { authorization: '', headers: { Authorization: bearer } },
    { authorization: bearer, headers: null, more: 7 },
  ];
  test.each(taken)('%j is taken', async (payload) => {
    const socket = await new RawSocket(server.wsUrl).open();
    socket.say({ type: 'connection_init', payload });
    await socket.hear(({ type }) => type === 'connection_ack');
    socket.say(subscribeTo('1', '{ hello }'));
    expect((await socket.hear(({ id }) => id === '1')).payload).toEqual({ data: { hello: 'hello full' } });
    socket.socket.terminate();
  });

  const refused: [payload: unknown, code: number][] = [
    [{ authorization: bearer, headers: { Authorization: 'Bearer poor' } }, 4400],
    [{ authorization: bearer, Authorization: 'Bearer poor' }, 4400],
    [{ authorization: bearer, 'heliograph-tenant': 7 }, 4400],
    [{ headers: 'Bearer full' }, 4401],
    [{ headers: [bearer] }, 4401],
    [{ authorization: [bearer] }, 4401],
    ['Bearer full', 4400],
    [[{ authorization: bearer }], 4400],
  ];
  test.each(refused)('%j is refused with %i', async (payload, code) => {
    const socket = await new RawSocket(server.wsUrl).open();
    socket.say({ type: 'connection_init', payload });
    expect((await socket.closed()).code).toBe(code);
  });
});

/** A WebSocket handshake and then one frame of raw bytes. Returns the code with which the server closes. */
function closeCodeOf(frame: (mask: Buffer) => Buffer): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let heard = Buffer.alloc(0);
    socket.on('data', (data) => {
      heard = Buffer.concat([heard, data]);
      const end = heard.indexOf('\r\n\r\n');
      if (end === -1) return;
      const rest = heard.subarray(end + 4);
      if (rest.length === 0) socket.write(frame(Buffer.alloc(4)));
      // The first two bytes of the payload of a close frame are the code.
      else if (rest[0] === 0x88 && rest.length >= 4) resolve(rest.readUInt16BE(2));
    });
    socket.on('error', () => undefined);
    socket.write(
      `GET /graphql HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
    );
  });
}
const masked = (opcode: number, payload: Buffer) => (mask: Buffer) =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload]);

test('text that is not UTF-8 closes the socket with 1007', async () => {
  expect(await closeCodeOf(masked(1, Buffer.from('{"type":"ping","payload":"\xe9"}', 'latin1')))).toBe(1007);
});

test('a binary message closes the socket with 1003', async () => {
  expect(await closeCodeOf(masked(2, Buffer.from('{"type":"ping"}')))).toBe(1003);
});

test('an unmasked frame closes the socket with 1002', async () => {
  expect(await closeCodeOf(() => Buffer.from([0x81, 2, 0x7b, 0x7d]))).toBe(1002);
});

test('a client without our subprotocol is closed with 4406', async () => {
  const sockets = async () => server.metrics.registry.getSingleMetricAsString('heliograph_websockets');
  await expect.poll(sockets).toContain('heliograph_websockets 0');
  const [code] = await once(new WebSocket(server.wsUrl), 'close');
  expect(code).toBe(4406);
  await new RawSocket(server.wsUrl, { protocol: 'graphql-ws' }).closed();
  expect(await sockets()).toContain('heliograph_websockets 0');
});

test('a ping whose numbers cannot be said again closes the socket with 4400', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say('{"type":"ping","payload":{"n":12345678901234567890}}');
  expect((await socket.closed()).code).toBe(4400);
});

test('a second connection_init closes the socket with 4429, and so it does before the first is answered', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
  expect((await socket.closed()).code).toBe(4429);
  const hasty = await new RawSocket(server.wsUrl).open();
  for (let n = 0; n < 2; n += 1)
    hasty.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
  expect((await hasty.closed()).code).toBe(4429);
  await expect.poll(() => server.grants.watched.size).toBe(0);
});

describe('a subscribe message', () => {
  const refusals: [payload: object, says: string][] = [
    [{ query: '{ hello }', operationName: 'nobody' }, 'no operation with the name'],
    [{ query: 'query a { hello } query b { hello }' }, 'several operations'],
    [{ query: 'query a { hello } query b { hello }', operationName: '' }, 'several operations'],
    [{ query: 'fragment f on Query { hello }' }, ''],
    [{ query: '' }, '`query` is missing'],
    [{ query: '{ hello }', documentId: 7 }, '`documentId` must be a string'],
    [{ query: 'subscription { silence @skip(if: true) }' }, 'remove the only field'],
    [{ query: 'subscription { silence ticks }' }, 'must select only one'],
  ];
  test.each(refusals)('%j is answered as a mistake under its id; the socket stays', async (payload, says) => {
    const before = server.ticks.opened;
    const socket = await connectAs('full', server.wsUrl);
    socket.say({ id: '1', type: 'subscribe', payload });
    const answer = await socket.hear(({ id }) => id === '1');
    const errors = answer.type === 'error' ? answer.payload : Object(answer.payload).errors;
    expect(errors[0].message).toContain(says);
    expect(errors[0].extensions.code).not.toBe('INTERNAL');
    socket.say(subscribeTo('2', '{ hello }'));
    expect((await socket.hear(({ id }) => id === '2')).payload).toEqual({ data: { hello: 'hello full' } });
    expect(server.ticks.opened).toBe(before);
    socket.socket.terminate();
  });

  test('with an empty operationName executes the one operation', async () => {
    const socket = await connectAs('full', server.wsUrl);
    socket.say({ id: '1', type: 'subscribe', payload: { query: '{ hello }', operationName: '' } });
    expect((await socket.hear(({ id }) => id === '1')).payload).toEqual({ data: { hello: 'hello full' } });
    socket.socket.terminate();
  });
});

test('a message that has a name twice is refused under the operation’s id; others close the socket', async () => {
  const socket = await connectAs('full', server.wsUrl);
  const twice = '{"query":"{ hello }","variables":{"a":1,"a":2}}';
  socket.say(`{"id":"1","type":"subscribe","payload":${twice}}`);
  const refused = await socket.hear(({ id }) => id === '1');
  expect(refused).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  socket.say(subscribeTo('2', '{ hello }'));
  expect((await socket.hear(({ id }) => id === '2')).payload).toEqual({ data: { hello: 'hello full' } });
  socket.say('{"type":"ping","type":"pong"}');
  expect((await socket.closed()).code).toBe(4400);
});
