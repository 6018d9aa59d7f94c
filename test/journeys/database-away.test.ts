import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientIdOf } from '../../src/access/client-id.ts';
import { mintUuid } from '../../src/ids.ts';
import { startProxy } from '../live/database-proxy.ts';
import { type Caller, send } from '../support/client.ts';
import { webSocketOptions } from '../support/follower.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

const query = '{ deliveries { nodes { id } } }';
const unavailable = {
  message:
    'The service cannot reach its database at the moment. Try again. If this was a mutation without an idempotency key, it may have been done already.',
  extensions: { code: 'UNAVAILABLE', requestId: expect.any(String), retryAfterSeconds: 1 },
};

let stage: Stage;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let server: ServerProcess;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  proxy = await startProxy(stage.environment.DATABASE_URL ?? '');
  server = await stage.startServer({ DATABASE_URL: proxy.url });
  caller = await stage.callerOf(server);
});
afterAll(async () => {
  await stage.close();
  await proxy.stop();
});

test('callers are told to try again while the database is away, over HTTP and over WebSocket', async () => {
  expect((await send(caller, query)).status).toBe(200);
  const client = createClient(webSocketOptions(caller));
  const overWebSocket = async () => {
    for await (const answer of client.iterate({ query })) return answer;
    return undefined;
  };
  expect(await overWebSocket()).toMatchObject({ data: { deliveries: { nodes: [] } } });

  await proxy.cut();
  const answer = await send(caller, query);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(answer.body.errors).toEqual([expect.objectContaining(unavailable)]);
  expect(await overWebSocket()).toMatchObject({ errors: [unavailable] });
  const requestId = answer.body.errors?.[0]?.extensions.requestId;
  expect(server.log).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'answered a request with UNAVAILABLE', requestId }),
  );

  const token = await fetch(`${server.origin}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientIdOf(mintUuid())}:hgs_x`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  expect({ status: token.status, wait: token.headers.get('retry-after') }).toEqual({
    status: 503,
    wait: '1',
  });
  expect(await token.json()).toMatchObject({ error: { code: 'UNAVAILABLE' } });

  await proxy.heal();
  expect((await send(caller, query)).status).toBe(200);
  await client.dispose();
});
