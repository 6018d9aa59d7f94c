import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAs } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    environment: { BAD_CREDENTIALS_PER_MINUTE: '3', PUBLIC_URL: 'https://hooks.example.com' },
  });
});
afterAll(() => server.stop());

function get(path: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(server.url + path, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('a name that is not ours is refused, on every route but those that watch the process', async () => {
  for (const path of ['/graphql', '/metrics', '/', '/schema.graphql'])
    expect(await get(path, 'rebound.example:4000'), path).toBe(421);
  for (const path of ['/healthz', '/readyz']) expect(await get(path, 'rebound.example')).not.toBe(421);
});

test('a target that is a whole URL is accepted, and its host counts instead of the header', async () => {
  const targeted = (target: string, host: string) =>
    new Promise((resolve, reject) => {
      const { port } = new URL(server.url);
      request({ host: '127.0.0.1', port, path: target, headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  expect(await targeted('http://localhost/metrics', 'rebound.example')).toBe(200);
  expect(await targeted('http://localhost', 'localhost')).toBe(200);
  expect(await targeted('http://rebound.example/metrics', 'localhost')).toBe(421);
  expect(await targeted('http://localhost@rebound.example/metrics', 'localhost')).toBe(421);
});

test.each([
  'localhost:4000',
  '127.0.0.1',
  '[::1]:4000',
  '10.1.2.3',
  'hooks.example.com',
  'a.localhost',
  'LOCALHOST.',
])('the name %s is ours', async (host) => {
  expect(await get('/metrics', host)).toBe(200);
});

test('an address that sends too many bad credentials is told to wait, and it is counted', async () => {
  const ask = (authorization: string) =>
    fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: '{"query":"{ hello }"}',
    });
  expect((await ask('Bearer app')).status).toBe(200);
  const statuses: number[] = [];
  for (let call = 0; call < 6; call += 1) statuses.push((await ask('Bearer nonsense')).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
  const refused = await ask('Bearer full');
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
  // A credential that was valid before still works, because many clients may share the address.
  expect((await ask('Bearer app')).status).toBe(200);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/heliograph_bad_credentials_total 3/);
  expect(metrics).toMatch(/heliograph_holding_refusals_total\{what="bad_credentials"\} 4/);
});

const heavy = {
  'a million values': { variables: `[${'1,'.repeat(1_000_000)}1]`, says: /more than 500000 values/ },
  'numbers that would all be changed': {
    variables: `{"x":[${'1e999,'.repeat(1_001)}1]}`,
    says: /More than 1000 numbers/,
  },
};
test.each(Object.entries(heavy))(
  '%s are refused before they are parsed',
  async (_name, { variables, says }) => {
    const operation = `{"query":"{ hello }","variables":${variables}}`;
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer app' },
      body: operation,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ message: expect.stringMatching(says), extensions: { code: 'BAD_USER_INPUT' } }],
    });

    const socket = await connectAs('app', server.wsUrl);
    socket.socket.send(`{"id":"1","type":"subscribe","payload":${operation}}`);
    const [code, reason]: unknown[] = await once(socket.socket, 'close');
    expect([code, String(reason)]).toEqual([4400, expect.stringMatching(says)]);
  },
);
