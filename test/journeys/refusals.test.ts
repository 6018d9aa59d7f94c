import { createClient as createWsClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AnswerError,
  ask,
  type Caller,
  createEndpoint,
  publish,
  registerEventType,
  send,
} from '../support/client.ts';
import { webSocketOptions } from '../support/follower.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { createTokenIssuer, everyPermission } from '../support/tokens.ts';

/**
 * Every caller without permission gets an error code, over whatever transport it calls. It learns nothing else, and
 * changes nothing.
 */
const query = '{ deliveries { nodes { id status } } }';
const endpointQuery = 'query ($id: ID!) { endpoint(id: $id) { url } }';
const mutation = `mutation ($input: CreateEndpointInput!) {
  createEndpoint(input: $input) { __typename ... on CreateEndpointPayload { secret } }
}`;
const subscription = 'subscription { deliveryStatusChanged(after: 0) { position } }';
const batches = 'subscription { deliveryLog(after: 0) { position } }';

const withoutWebhooks = everyPermission.filter((name) => name !== 'manage_webhooks');
const pastSeconds = Math.floor(Date.now() / 1000) - 60;

type Refusal = Readonly<{ status: number; extensions: unknown; close: number | 'an error' }>;

const forbidden: Refusal = {
  status: 200,
  // The second entry is what a member of a partner app would need.
  extensions: expect.objectContaining({ code: 'FORBIDDEN', permission: 'MANAGE_WEBHOOKS' }),
  close: 'an error',
};
const unauthenticated = (reason: string, close: number): Refusal => ({
  status: 401,
  extensions: { code: 'UNAUTHENTICATED', reason },
  close,
});

let stage: Stage;
let server: ServerProcess;
let owner: Caller;
let endpointId: string;
let input: Record<string, unknown>;
const tokens: Record<string, string | undefined> = {};

beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer();
  owner = await stage.callerOf(server);
  await registerEventType(owner, { name: 'order.paid', example: {} });
  const { url } = await stage.startReceiver();
  endpointId = (await createEndpoint(owner, { url, events: ['*'] })).id;
  // A change in the log, which a permitted caller sees at once.
  await publish(owner, [{ type: 'order.paid', payload: {} }]);
  input = { url: `${url}?of=a-stranger`, events: ['*'] };

  const { issuer } = stage;
  tokens['an API key without manage_webhooks'] = (
    await createApiKey(['PUBLISH_EVENTS', 'READ_AUDIT_LOG'])
  ).key;
  tokens['a JWT without manage_webhooks'] = await issuer.sign({ permissions: withoutWebhooks });
  tokens['a user with a verified email and no permission'] = await issuer.sign({
    permissions: [],
    email: 'somebody@example.com',
    email_verified: true,
  });
  tokens['an expired JWT'] = await issuer.sign({ iat: pastSeconds - 600, exp: pastSeconds });
  tokens['a JWT that a stranger signed'] = await (await createTokenIssuer()).sign();
  tokens['a JWT for another audience'] = await issuer.sign({ aud: 'another-service' });
  tokens['a JWT of another issuer’s name'] = await issuer.sign({ iss: 'https://elsewhere.example' });
  tokens['an API key that does not exist'] = `hgk_${'A'.repeat(43)}`;
  tokens['no credential'] = undefined;
});
afterAll(() => stage.close());

describe.each<[string, Refusal]>([
  ['an API key without manage_webhooks', forbidden],
  ['a JWT without manage_webhooks', forbidden],
  ['a user with a verified email and no permission', forbidden],
  ['an expired JWT', unauthenticated('expired', 4403)],
  ['a JWT that a stranger signed', unauthenticated('invalid', 4401)],
  ['a JWT for another audience', unauthenticated('invalid', 4401)],
  ['a JWT of another issuer’s name', unauthenticated('invalid', 4401)],
  ['an API key that does not exist', unauthenticated('invalid', 4401)],
  ['no credential', { status: 401, extensions: { code: 'UNAUTHENTICATED' }, close: 4401 }],
])('%s', (who, refusal) => {
  test('is refused queries', async () => {
    expect(await refusalOf(who, query)).toEqual([refusal.status, refusal.extensions]);
    expect(await refusalOf(who, endpointQuery, { id: endpointId })).toEqual([
      refusal.status,
      refusal.extensions,
    ]);
  });

  test('is refused mutations, which change nothing', async () => {
    expect(await refusalOf(who, mutation, { input })).toEqual([refusal.status, refusal.extensions]);
    const { endpoints } = await ask<{ endpoints: { nodes: unknown[] } }>(
      owner,
      '{ endpoints { nodes { id } } }',
    );
    expect(endpoints.nodes).toEqual([{ id: endpointId }]);
  });

  test.each([subscription, batches])('is refused over WebSocket: %s', async (document) => {
    const ended = await overWebSocket(tokens[who], document);
    expect(ended).toEqual(
      typeof refusal.close === 'number' ? { close: refusal.close } : { extensions: refusal.extensions },
    );
  });

  test.each([subscription, batches])('is refused over server-sent events: %s', async (document) => {
    const { status, extensions } = await overSse(tokens[who], document);
    expect({ status, extensions }).toEqual({ status: refusal.status, extensions: refusal.extensions });
  });
});

test('with manage_webhooks an API key and a JWT may ask the same', async () => {
  const key = { ...owner, token: (await createApiKey(['MANAGE_WEBHOOKS'])).key };
  const jwt = await stage.callerOf(server, { permissions: ['manage_webhooks'] });
  for (const caller of [key, jwt]) {
    expect(await ask(caller, endpointQuery, { id: endpointId })).toEqual({
      endpoint: { url: expect.stringContaining('http://127.0.0.1') },
    });
    expect((await send(caller, query)).status).toBe(200);
  }
});

test('a token that expires ends its subscriptions: the socket with 4403, the event stream with UNAUTHENTICATED', async () => {
  const token = await stage.issuer.sign({ exp: Math.floor(Date.now() / 1000) + 3 });
  const [webSocket, stream] = await Promise.all([
    overWebSocket(token, subscription),
    overSse(token, subscription),
  ]);
  expect(webSocket).toEqual({ close: 4403 });
  expect(stream).toEqual({ status: 200, extensions: { code: 'UNAUTHENTICATED', reason: 'expired' } });
});

test('an API key that is revoked ends its subscriptions likewise', async () => {
  const { id, key } = await createApiKey(['MANAGE_WEBHOOKS']);
  let [webSocketEnd, streamEnd]: [Promise<unknown>?, Promise<unknown>?] = [];
  await Promise.all([
    new Promise<void>((begun) => {
      webSocketEnd = overWebSocket(key, subscription, begun);
    }),
    new Promise<void>((begun) => {
      streamEnd = overSse(key, subscription, begun);
    }),
  ]);
  await ask(owner, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', { id });
  expect(await webSocketEnd).toEqual({ close: 4403 });
  expect(await streamEnd).toEqual({
    status: 200,
    extensions: { code: 'UNAUTHENTICATED', reason: 'revoked' },
  });
});

async function createApiKey(permissions: readonly string[]): Promise<{ id: string; key: string }> {
  const { createApiKey: created } = await ask<{ createApiKey: { key: string; apiKey: { id: string } } }>(
    owner,
    `mutation ($permissions: [Permission!]!) {
       createApiKey(input: { name: "a key", permissions: $permissions }) {
         ... on CreateApiKeyPayload { key apiKey { id } }
       }
     }`,
    { permissions },
  );
  return { id: created.apiKey.id, key: created.key };
}

/** The status and the extensions of the only error. Nothing else may be in the answer. */
async function refusalOf(who: string, document: string, variables: Record<string, unknown> = {}) {
  const { status, body } = await send({ origin: server.origin, token: tokens[who] }, document, variables);
  expect(Object.values(body.data ?? {}).filter((value) => value !== null)).toEqual([]);
  expect(body.errors).toHaveLength(1);
  return [status, body.errors?.[0]?.extensions];
}

type End = Readonly<{ close: number } | { extensions: unknown }>;

/** How a subscription over WebSocket ends: by a close of the socket, or by its own error. */
async function overWebSocket(token: string | undefined, query: string, onMessage = () => {}): Promise<End> {
  const client = createWsClient(webSocketOptions({ origin: server.origin, token }));
  try {
    for await (const { errors } of client.iterate({ query })) {
      if (errors !== undefined) return { extensions: errors[0]?.extensions };
      onMessage();
    }
    throw new Error('It ended without a reason.');
  } catch (error) {
    if (Array.isArray(error)) return { extensions: error[0]?.extensions };
    if (typeof error === 'object' && error !== null && 'code' in error) return { close: Number(error.code) };
    throw error;
  } finally {
    await client.dispose();
  }
}

/** The status of an event stream, and the extensions of the error that ends it. */
async function overSse(
  token: string | undefined,
  query: string,
  onMessage = () => {},
): Promise<{ status: number; extensions: unknown }> {
  const response = await fetch(`${server.origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    text += chunk.value;
    if (text.includes('"position"')) onMessage();
  }
  const refused: { errors: AnswerError[] } = JSON.parse(/\{"errors".*$/m.exec(text)?.[0] ?? '{"errors":[]}');
  return { status: response.status, extensions: refused.errors[0]?.extensions };
}

test('a secret in a place where it does not fit is not repeated by the refusal', async () => {
  const canary = 'whsec_canary';
  const create = (rest: string) =>
    `mutation ($url: String = "https://example.com") { createEndpoint(input: { url: $url, ${rest} }) { __typename } }`;
  const cases: [document: string, variables: Record<string, unknown>, message: string][] = [
    [create(`events: [], secret: { of: "${canary}" }`), {}, 'String cannot represent a non string value.'],
    [create(`events: [], secret: ${canary}`), {}, 'String cannot represent a non string value.'],
    [create(`events: [], headers: ["${canary}"]`), {}, 'Expected value of type "EndpointHeaderInput!".'],
    [create(`events: [], secret "${canary}"`), {}, 'Syntax Error: Expected ":", found String.'],
    [create(`events: [], secret """${canary}"""`), {}, 'Syntax Error: Expected ":", found BlockString.'],
    [create(`events: [], secret: "${canary}"`), { url: null }, 'Argument "input" has invalid value.'],
  ];
  for (const [document, variables, message] of cases) {
    const { body } = await send(owner, document, variables);
    expect(body.errors?.map((error: AnswerError) => error.message)).toEqual([message]);
  }
});
