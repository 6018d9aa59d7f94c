import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { ask, type Caller, send } from '../support/client.ts';
import { webSocketOptions } from '../support/follower.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * A partner without an account opens a link, follows the log with it, and is disconnected when its creator's
 * credential ends.
 */
const hookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
let stage: Stage;
let server: ServerProcess;
beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer({
    ROLE: 'api',
    PUBLIC_URL: 'https://hooks.example',
    AUTH_HOOK_SECRET: hookSecret,
  });
  await leaveATrace();
});
afterAll(() => stage.close());

/** A delivery that fails at once, so that the log has an entry. */
async function leaveATrace(): Promise<void> {
  const admin = await stage.callerOf(server);
  const { createEndpoint } = await ask<{ createEndpoint: { endpoint: { id: string } } }>(
    admin,
    `mutation ($url: String!) {
      createEndpoint(input: { url: $url, events: ["*"], isActive: false }) {
        ... on CreateEndpointPayload { endpoint { id } } } }`,
    { url: (await stage.startReceiver()).url },
  );
  const test = 'mutation ($id: ID!) { testEndpoint(input: { id: $id }) { __typename } }';
  await ask(admin, test, { id: createEndpoint.endpoint.id });
}

type Link = { __typename: string; url: string; expiresAt: string };

async function linkOf(maker: Caller, input: object = {}): Promise<Link & { visitor: Caller }> {
  const { createConsoleLink: link } = await ask<{ createConsoleLink: Link }>(
    maker,
    `mutation ($input: CreateConsoleLinkInput!) {
      createConsoleLink(input: $input) {
        __typename ... on CreateConsoleLinkPayload { url expiresAt } ... on Error { code message }
      } }`,
    { input: { permissions: ['MANAGE_WEBHOOKS'], ...input } },
  );
  const token = new URL(link.url ?? 'none:').hash.replace('#token=', '');
  return { ...link, visitor: { origin: server.origin, token } };
}

async function keyOf(admin: Caller): Promise<Caller & { id: string }> {
  const { createApiKey } = await ask<{ createApiKey: { key: string; apiKey: { id: string } } }>(
    admin,
    `mutation { createApiKey(input: { name: "portal", permissions: [MANAGE_WEBHOOKS, MANAGE_API_KEYS] }) {
      ... on CreateApiKeyPayload { key apiKey { id } } } }`,
  );
  return { origin: server.origin, token: createApiKey.key, id: createApiKey.apiKey.id };
}

/** Follows the log over a WebSocket and over an event stream. Resolves with how each of them ended. */
async function follow(visitor: Caller) {
  const query = 'subscription { deliveryLog(after: 0) { after position } }';
  const socket = createClient(webSocketOptions(visitor));
  const closed = new Promise<number>((resolve) => {
    socket.on('closed', (event) => resolve(Object(event).code));
  });
  const overSocket = socket.iterate({ query });
  const stream = createSseClient({
    url: `${visitor.origin}/graphql`,
    headers: { authorization: `Bearer ${visitor.token}` },
    retryAttempts: 0,
  });
  const overStream = stream.iterate({ query });
  expect(
    (await Promise.all([overSocket.next(), overStream.next()])).map(({ value }) => value.errors),
  ).toEqual([undefined, undefined]);
  const socketEnded = overSocket.next().catch(() => closed);
  return {
    async ended() {
      await socketEnded;
      let last: { errors?: readonly { extensions?: unknown }[] } = {};
      for await (const message of overStream) last = Object(message);
      return [await closed, last.errors?.[0]?.extensions];
    },
  };
}

async function tell(type: string, data: object): Promise<void> {
  const id = mintUuid();
  const at = new Date();
  const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(hookSecret).sign(id, at, body),
  };
  const { status } = await fetch(`${server.origin}/internal/auth-hook`, { method: 'POST', headers, body });
  expect(status).toBe(200);
}

const viewer = '{ viewer { kind label permissions tenant { externalId } expiresAt } }';

test('a person who opens a link learns who it is, and has the permissions of the link and no others', async () => {
  const { url, expiresAt, visitor } = await linkOf(await stage.callerOf(server), {
    path: '/console/deliveries?status=FAILED',
    expiresInSeconds: 600,
  });
  expect(url).toContain('https://hooks.example/console/deliveries?status=FAILED#token=hgc_');
  expect(await ask(visitor, viewer)).toEqual({
    viewer: {
      kind: 'CONSOLE_LINK',
      label: expect.stringContaining('Console link of '),
      permissions: ['MANAGE_WEBHOOKS'],
      tenant: { externalId: 'acme' },
      expiresAt,
    },
  });
  const { body } = await send(visitor, '{ auditLog { nodes { id } } }');
  expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', permission: 'READ_AUDIT_LOG' });
});

test('a service makes one in the name of a tenant that it names, and of no other', async () => {
  const token = await stage.issuer.sign({ sub: 'portal', kind: 'service', tenant: undefined });
  const call = (headers: Record<string, string>) =>
    fetch(`${server.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify({
        query: `mutation { createConsoleLink(input: { permissions: [MANAGE_WEBHOOKS] }) {
          ... on CreateConsoleLinkPayload { url } } }`,
      }),
    }).then((response) => response.json());
  const made = Object(await call({ 'heliograph-tenant': 'acme' })).data.createConsoleLink;
  const visitor = { origin: server.origin, token: new URL(made.url).hash.replace('#token=', '') };
  expect(await ask(visitor, viewer)).toMatchObject({ viewer: { tenant: { externalId: 'acme' } } });
  expect(Object(await call({})).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  const named = await fetch(`${server.origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${visitor.token}`,
      'heliograph-tenant': 'acme',
    },
    body: JSON.stringify({ query: viewer }),
  });
  expect(named.status).toBe(403);
});

test('the same key of idempotency gives the same link again', async () => {
  const admin = await stage.callerOf(server);
  const [first, second] = [
    await linkOf(admin, { idempotencyKey: 'one' }),
    await linkOf(admin, { idempotencyKey: 'one' }),
  ];
  expect(second.url).toBe(first.url);
  expect((await linkOf(admin, { idempotencyKey: 'two' })).url).not.toBe(first.url);
  const other = await linkOf(admin, { idempotencyKey: 'one', expiresInSeconds: 60 });
  expect(other.__typename).toBe('IdempotencyError');
});

test('the revocation of the key that made it ends its sockets, its streams and its requests', async () => {
  const admin = await stage.callerOf(server);
  const key = await keyOf(admin);
  const { visitor } = await linkOf(key);
  const followed = await follow(visitor);
  await ask(admin, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', { id: key.id });
  expect(await followed.ended()).toEqual([4403, { code: 'UNAUTHENTICATED', reason: 'revoked' }]);
  await expect.poll(async () => (await send(visitor, viewer)).status, { timeout: 30_000 }).toBe(401);
});

test('a deleted user’s links end, and so do the keys that were made with them', async () => {
  const sub = 'leaving';
  const iat = Math.floor(Date.now() / 1000) - 60;
  const maker = await stage.callerOf(server, { sub, iat });
  const { visitor } = await linkOf(maker, { permissions: ['MANAGE_WEBHOOKS', 'MANAGE_API_KEYS'] });
  const nested = await linkOf(visitor, { permissions: ['MANAGE_API_KEYS', 'MANAGE_WEBHOOKS'] });
  const key = await keyOf(nested.visitor);
  const followed = await follow(visitor);
  await tell('user.deleted', { subject: sub });
  expect(await followed.ended()).toEqual([4403, { code: 'UNAUTHENTICATED', reason: 'revoked' }]);
  for (const caller of [nested.visitor, key]) {
    await expect.poll(async () => (await send(caller, viewer)).status, { timeout: 30_000 }).toBe(401);
  }
});

test('a link that ends closes what it follows at that moment', async () => {
  const { visitor } = await linkOf(await stage.callerOf(server), { expiresInSeconds: 2 });
  const followed = await follow(visitor);
  expect(await followed.ended()).toEqual([4403, { code: 'UNAUTHENTICATED', reason: 'expired' }]);
  expect((await send(visitor, viewer)).status).toBe(401);
});
