import { readFileSync } from 'node:fs';
import { createClient as createStreamClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Caller, createEndpoint, publish, registerEventType, send } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

// What an operator does: a server that accepts any document is used for the setup, and the public one, in production,
// executes only the documents of the manifest.
const manifest: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../schema/trusted-documents.json', import.meta.url), 'utf8'),
);
const idOf = (name: string) => Object.entries(manifest).find(([, text]) => text.startsWith(`${name}(`))?.[0];

let stage: Stage;
let inner: Caller;
let outer: Caller;
beforeAll(async () => {
  stage = await openStage();
  inner = await stage.callerOf(await stage.startServer());
  outer = await stage.callerOf(
    await stage.startServer({ TRUSTED_DOCUMENTS_ONLY: 'true', NODE_ENV: 'production', ROLE: 'api' }),
  );
  const receiver = await stage.startReceiver();
  await registerEventType(inner, { name: 'order.paid', example: {} });
  await createEndpoint(inner, { url: receiver.url, events: ['order.paid'] });
});
afterAll(() => stage?.close());

test('the dashboard reads and follows by document ids, over HTTP, server-sent events and WebSocket', async () => {
  const authorization = `Bearer ${outer.token}`;
  const response = await fetch(`${outer.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ documentId: idOf('query Dashboard') }),
  });
  const dashboard = await response.json();
  expect(dashboard).toMatchObject({ data: { endpoints: { nodes: [{ isActive: true }] } } });
  const { logPosition: after } = dashboard.data.deliveries;

  const url = `${outer.origin}/graphql`;
  const webSocket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
  });
  const stream = createStreamClient({ url, headers: { authorization } });
  const asked = {
    query: '',
    variables: { after },
    extensions: {
      persistedQuery: { version: 1, sha256Hash: idOf('subscription DeliveryStatusChanged') },
    },
  };
  const first = async (messages: AsyncIterable<unknown>) => {
    for await (const message of messages) return message;
    return undefined;
  };
  const heard = [first(webSocket.iterate(asked)), first(stream.iterate(asked))];
  await publish(inner, [{ type: 'order.paid', payload: {} }]);
  const pending = {
    data: { deliveryStatusChanged: { after, position: after + 1, status: 'PENDING' } },
  };
  expect(await Promise.all(heard)).toMatchObject([pending, pending]);
  await webSocket.dispose();
  stream.dispose();
});

test('any other document is refused, with a credential or without', async () => {
  for (const query of ['{ viewer { kind } }', '{ __schema { types { name } } }', 'mutation {']) {
    for (const token of [outer.token, undefined]) {
      const { status, body } = await send({ origin: outer.origin, token }, query);
      expect([query, status, body.errors?.[0]?.extensions.code]).toEqual([
        query,
        403,
        'DOCUMENT_NOT_TRUSTED',
      ]);
    }
  }
  const page = await fetch(`${outer.origin}/graphql`, { headers: { accept: 'text/html' } });
  expect(await page.text()).not.toContain('GraphiQL');
});

test('the text of a document of the manifest is as good as its id, but no credential comes with it', async () => {
  const text = manifest[idOf('query Dashboard') ?? ''] ?? '';
  expect((await send(outer, text)).body.errors).toBeUndefined();
  const { body } = await send({ origin: outer.origin }, text);
  expect(body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});
