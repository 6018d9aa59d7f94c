import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const open = (query: string, token = 'full') =>
  fetch(server.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query }),
  });

test('a subscription over server-sent events', async () => {
  const client = createClient({ url: server.graphqlUrl, headers: { authorization: 'Bearer full' } });
  const results: unknown[] = [];
  for await (const result of client.iterate({ query: 'subscription { ticks(to: 3) }' })) results.push(result);
  expect(results).toEqual([1, 2, 3].map((ticks) => ({ data: { ticks } })));
  client.dispose();
});

test('a client that leaves ends the source, even one that is waiting', async () => {
  const response = await open('subscription { silence }');
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.getReader();
  await reader?.read();
  expect(server.ticks.opened - server.ticks.returned).toBe(1);
  await reader?.cancel();
  await server.ticks.whenReturned(server.ticks.opened);
});

test('a refusal is the stream’s first event', async () => {
  const response = await open('subscription { ticks }', 'poor');
  expect(await response.text()).toContain('"extensions":{"permission":"MANAGE_WEBHOOKS","code":"FORBIDDEN"}');
});

test('without a credential it is 401', async () => {
  expect((await open('subscription { ticks }', 'garbage')).status).toBe(401);
});

for (const reason of ['expired', 'revoked'] as const) {
  test(`a credential that is ${reason} ends the stream with UNAUTHENTICATED`, async () => {
    const response = await open('subscription { silence }');
    const whole = response.text();
    await expect.poll(() => server.grants.watched.size).toBe(1);
    server.grants.end(reason);
    const events = (await whole).split('\n\n');
    expect(events.some((event) => event.includes(`"reason":"${reason}","code":"UNAUTHENTICATED"`))).toBe(
      true,
    );
    expect(await whole).toContain('event: complete');
    expect(server.grants.watched.size).toBe(0);
    await server.ticks.whenReturned(server.ticks.opened);
  });
}

test('a credential that cannot be checked for a while cuts the stream: it says so, and not that all is said', async () => {
  const whole = open('subscription { silence }').then((response) => response.text());
  await expect.poll(() => server.grants.watched.size).toBe(1);
  server.grants.lose();
  expect(await whole).toContain('"code":"UNAVAILABLE"');
  expect(await whole).toContain('"retryAfterSeconds":1');
  expect(await whole).not.toContain('event: complete');
});

test('each message of a log has its position as id, and a sign of life repeats the last', async () => {
  const lively = await startTestServer({ streamHeartbeatMs: 20 });
  const response = await fetch(lively.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: 'Bearer full',
    },
    body: JSON.stringify({ query: 'subscription { few }' }),
  });
  const reader = response.body?.getReader();
  let text = '';
  const last = 'id: 2\n:\n\n';
  while (!text.includes(last + last)) text += new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();
  const message = (tick: number) => `id: ${tick}\nevent: next\ndata: {"data":{"few":${tick}}}\n\n`;
  // On a busy machine a sign of life may come between the two messages, and then repeats the first.
  const between = 'id: 1\n:\n\n';
  const withoutThem = text.replaceAll(between, '');
  expect(withoutThem.startsWith(`:\n\n${message(1)}${message(2)}${last}${last}`)).toBe(true);
  await lively.stop();
});

test('a stream that breaks tells nothing of why', async () => {
  const text = await (await open('subscription { breaks }')).text();
  expect(text).toContain('{"data":{"breaks":1}}');
  expect(text).toContain('"code":"INTERNAL"');
  expect(text).not.toContain('hunter2');
});
