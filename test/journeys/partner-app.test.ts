import { createClient } from 'graphql-ws';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, publish, registerEventType } from '../support/client.ts';
import { type Follower, followOverWebSocket, isTerminal, webSocketOptions } from '../support/follower.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * The whole life of a partner app, from outside: the app is created, its tool gets a token and sets the webhook, a
 * colleague joins and rotates the secret, two tenants install it, events arrive, one tenant leaves. The tool follows
 * all of it live.
 */
type Analytics = Readonly<{
  installedTenants: number;
  subscribedTenants: number;
  recentDeliveries: number;
  recentFailures: number;
}>;
type Installation = Readonly<{ id: string; isSubscribed: boolean; revokedAt: string | null }>;

let stage: Stage;
let server: ServerProcess;
let receiver: Receiver;
let owner: Caller;
let colleague: Caller;
let umbrella: Caller;
let globex: Caller;
/** The partner's tool, with the app's own token. */
let tool: Caller;
let follower: Follower;
let appId = '';
let clientId = '';
let clientSecret = '';
let webhookSecret = '';
let endpointId = '';

beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer({ RETRY_SCHEDULE: '0,0' });
  receiver = await stage.startReceiver();
  const user = (tenant: string, email: string, permissions?: readonly string[]) =>
    stage.callerOf(server, {
      tenant,
      sub: email,
      email,
      email_verified: true,
      ...(permissions === undefined ? {} : { permissions }),
    });
  owner = await user('partner', 'owner@partner.example');
  colleague = await user('partner', 'Colleague@partner.example', []);
  umbrella = await user('umbrella', 'admin@umbrella.example');
  globex = await user('globex', 'admin@globex.example');
  await registerEventType(owner, { name: 'comment.created', example: { text: 'hi' } });
  await registerEventType(owner, { name: 'invoice.paid', example: { total: 1 } });
});
afterAll(async () => {
  await follower?.stop();
  await stage.close();
});

/** Runs a mutation and returns its payload; a refusal fails the test. */
async function act<Payload>(caller: Caller, name: string, input: object, fields: string): Promise<Payload> {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  const payload = name.startsWith('rotateApp') ? 'RotateAppSecretPayload' : `${type}Payload`;
  const inputType = name.startsWith('rotateApp') ? 'RotateAppSecretInput' : `${type}Input`;
  const data = await ask<Record<string, Payload & { __typename: string }>>(
    caller,
    `mutation ($input: ${inputType}!) {
       ${name}(input: $input) { __typename ... on ${payload} { ${fields} } ... on Error { code message } }
     }`,
    { input },
  );
  const result = data[name];
  if (result?.__typename !== payload) throw new Error(`${name} was refused: ${JSON.stringify(result)}`);
  return result;
}

async function analytics(): Promise<Analytics> {
  const { app } = await ask<{ app: { webhookAnalytics: Analytics } }>(
    tool,
    `query ($id: ID!) {
       app(id: $id) { webhookAnalytics { installedTenants subscribedTenants recentDeliveries recentFailures } }
     }`,
    { id: appId },
  );
  return app.webhookAnalytics;
}

const received = () => receiver.received.map(({ body }): { type: string; data: unknown } => JSON.parse(body));

test('the owner makes the app and stores both secrets', async () => {
  const created = await act<{
    app: { id: string; clientId: string; webhook: null };
    clientSecret: string;
    webhookSecret: string;
  }>(
    owner,
    'createApp',
    { name: 'Comment Mirror', source: 'comment-mirror' },
    'app { id clientId webhook { streams } members { email permissions } } clientSecret webhookSecret',
  );
  ({ clientSecret, webhookSecret } = created);
  ({ id: appId, clientId } = created.app);
  expect(created.app).toMatchObject({
    webhook: null,
    members: [{ email: 'owner@partner.example', permissions: expect.arrayContaining(['MANAGE_MEMBERS']) }],
  });
});

test('its tool gets a token for the client secret', async () => {
  const response = await fetch(`${server.origin}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const answer: { access_token: string; token_type: string; expires_in: number } = JSON.parse(
    await response.text(),
  );
  expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
  tool = { origin: server.origin, token: answer.access_token };
  const { viewer } = await ask<{ viewer: unknown }>(
    tool,
    '{ viewer { kind actorId tenant { id } app { id name } } }',
  );
  expect(viewer).toEqual({
    kind: 'APP',
    actorId: clientId,
    tenant: null,
    app: { id: appId, name: 'Comment Mirror' },
  });
});

test('the tool sets the webhook, passes the handshake, and follows its log from the beginning', async () => {
  const { webhook } = await act<{ webhook: { endpoint: { id: string }; streams: string[] } }>(
    tool,
    'setAppWebhook',
    { appId, url: receiver.url, streams: ['LIFECYCLE', 'INSTALLED_TENANT_EVENTS'] },
    'webhook { streams endpoint { id owner { ... on App { id } } } }',
  );
  endpointId = webhook.endpoint.id;
  const { verified } = await act<{ verified: boolean }>(
    tool,
    'verifyEndpoint',
    { id: endpointId },
    'verified reason',
  );
  expect(verified).toBe(true);
  const [handshake] = receiver.handshakes;
  expect(new Webhook(webhookSecret).verify(handshake?.body ?? '', { ...handshake?.headers })).toBeTruthy();
  follower = await followOverWebSocket(tool, 0);
});

test('the app is informed when a version is published', async () => {
  const { version } = await act<{ version: unknown }>(
    owner,
    'publishAppVersion',
    { appId, version: '1.0.0', webhookCategories: ['comment'], dataTypes: [] },
    'version { version status webhookCategories }',
  );
  expect(version).toEqual({ version: '1.0.0', status: 'PUBLISHED', webhookCategories: ['comment'] });
  await receiver.until(1);
  expect(received()).toMatchObject([{ type: 'app.version_published', data: { appId, version: '1.0.0' } }]);
  await untilEnded(1);
  expect(await analytics()).toEqual({
    installedTenants: 0,
    subscribedTenants: 0,
    recentDeliveries: 1,
    recentFailures: 0,
  });
});

test('a colleague accepts an invitation and rotates the webhook secret', async () => {
  const { token } = await act<{ token: string }>(
    owner,
    'inviteAppMember',
    { appId, email: 'colleague@Partner.example', permissions: ['ROTATE_SECRETS', 'VIEW_DELIVERIES'] },
    'invitation { id email } token',
  );
  const { member } = await act<{ member: { email: string } }>(
    colleague,
    'acceptAppInvitation',
    { token },
    'member { id email permissions } app { id }',
  );
  expect(member.email).toBe('colleague@partner.example');
  const { secret } = await act<{ secret: string }>(
    colleague,
    'rotateAppWebhookSecret',
    { appId, overlapSeconds: 0 },
    'secret',
  );
  await receiver.until(2);
  const told = receiver.received[1];
  expect(received()[1]).toMatchObject({ type: 'app.secret_rotated', data: { kind: 'WEBHOOK_SECRET' } });
  expect(told?.body).not.toContain(secret);
  expect(new Webhook(secret).verify(told?.body ?? '', { ...told?.headers })).toBeTruthy();
  expect(() => new Webhook(webhookSecret).verify(told?.body ?? '', { ...told?.headers })).toThrow();
});

test('two tenants install, one subscribes: its declared events alone reach the app', async () => {
  const install = (caller: Caller, isSubscribed: boolean) =>
    act<{ installation: Installation }>(
      caller,
      'installApp',
      { appId, permissions: ['read_comments'], isSubscribed },
      'installation { id isSubscribed revokedAt app { appId name webhookCategories } }',
    );
  await install(umbrella, true);
  await install(globex, false);
  await receiver.until(4);
  const comments = await publish(umbrella, [
    { type: 'comment.created', payload: { text: 'from umbrella' } },
    { type: 'invoice.paid', payload: { total: 7 } },
  ]);
  await publish(globex, [{ type: 'comment.created', payload: { text: 'from globex' } }]);
  await receiver.until(5);
  await untilEnded(5);
  expect(
    received()
      .slice(2)
      .map(({ type }) => type),
  ).toEqual(['app.installed', 'app.installed', 'comment.created']);
  expect(received()[4]?.data).toEqual({ text: 'from umbrella' });
  expect(receiver.received[4]?.headers['webhook-id']).toBe(comments[0]?.event.id);
  expect(await analytics()).toEqual({
    installedTenants: 2,
    subscribedTenants: 1,
    recentDeliveries: 5,
    recentFailures: 0,
  });
});

test('the app’s delivery names the tenant and its installation; the tenant does not see it', async () => {
  const { deliveries } = await ask<{ deliveries: { nodes: { id: string }[] } }>(
    tool,
    `{ deliveries(filter: { tenant: ["umbrella"] }) {
         nodes { id eventType event { tenant { externalId } } installation { isSubscribed tenant { externalId } } }
       } }`,
  );
  expect(deliveries.nodes).toMatchObject([
    {
      eventType: 'comment.created',
      event: { tenant: { externalId: 'umbrella' } },
      installation: { isSubscribed: true, tenant: { externalId: 'umbrella' } },
    },
  ]);
  const id = deliveries.nodes[0]?.id;
  const seen = await ask<{ delivery: null; logHead: number }>(
    umbrella,
    'query ($id: ID!) { delivery(id: $id) { id } logHead }',
    { id },
  );
  expect(seen).toEqual({ delivery: null, logHead: 0 });
});

test('a failure is counted under the tenant that it came from', async () => {
  await act(
    tool,
    'setAppWebhook',
    { appId, url: receiver.url, streams: ['LIFECYCLE', 'INSTALLED_TENANT_EVENTS'], isActive: false },
    'webhook { streams }',
  );
  await publish(umbrella, [{ type: 'comment.created', payload: { text: 'missed' } }]);
  await untilEnded(6);
  expect(follower.changes.at(-1)).toMatchObject({ status: 'FAILED', failureReason: 'ENDPOINT_INACTIVE' });
  await act(
    tool,
    'setAppWebhook',
    { appId, url: receiver.url, streams: ['LIFECYCLE', 'INSTALLED_TENANT_EVENTS'] },
    'webhook { streams }',
  );
  const { app } = await ask<{ app: unknown }>(
    tool,
    `query ($id: ID!) { app(id: $id) { webhookAnalytics {
       recentDeliveries recentFailures webhookCategories lastFailureAt
       failuresByTenant { tenant { externalId } failed }
       timeline(buckets: 2) { succeeded failed inFlight }
     } } }`,
    { id: appId },
  );
  expect(app).toMatchObject({
    webhookAnalytics: {
      recentDeliveries: 6,
      recentFailures: 1,
      webhookCategories: ['comment'],
      failuresByTenant: [{ tenant: { externalId: 'umbrella' }, failed: 1 }],
    },
  });
});

test('a missed delivery is replayed', async () => {
  const missed = follower.changes.find(({ status }) => status === 'FAILED');
  await act(tool, 'replayDelivery', { id: missed?.deliveryId }, 'delivery { id kind }');
  await receiver.until(6);
  await untilEnded(7);
  expect(received()[5]).toMatchObject({ type: 'comment.created', data: { text: 'missed' } });
});

test('a tenant changes permissions and uninstalls: nothing more of it reaches the app', async () => {
  const { appInstallations } = await ask<{ appInstallations: { nodes: Installation[] } }>(
    umbrella,
    '{ appInstallations { nodes { id } } }',
  );
  const id = appInstallations.nodes[0]?.id;
  await act(
    umbrella,
    'updateInstallation',
    { id, permissions: ['read_comments', 'write_comments'] },
    'installation { id }',
  );
  await receiver.until(7);
  await act(umbrella, 'uninstallApp', { id }, 'installation { revokedAt }');
  await publish(umbrella, [{ type: 'comment.created', payload: { text: 'too late' } }]);
  await receiver.until(8);
  await untilEnded(9);
  expect(received().slice(6)).toMatchObject([
    {
      type: 'app.permissions_updated',
      data: { tenant: 'umbrella', permissions: ['read_comments', 'write_comments'] },
    },
    { type: 'app.uninstalled', data: { tenant: 'umbrella' } },
  ]);
  expect(await analytics()).toEqual({
    installedTenants: 1,
    subscribedTenants: 0,
    recentDeliveries: 9,
    recentFailures: 1,
  });
});

test('the tool has seen all of it live, without a hole', () => {
  const ended = follower.changes.filter(({ status }) => isTerminal(status));
  expect(ended.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 5 }, () => 'SUCCEEDED'),
    'FAILED',
    ...Array.from({ length: 3 }, () => 'SUCCEEDED'),
  ]);
  expect(follower.changes.map(({ position }) => position)).toEqual(
    follower.changes.map((_change, index) => index + 1),
  );
});

test('a removed member’s live subscription ends', async () => {
  const client = createClient(webSocketOptions(colleague));
  const stream = client.iterate<{ deliveryLog: unknown }>({
    query: 'subscription ($appId: ID) { deliveryLog(appId: $appId, after: 0) { position } }',
    variables: { appId },
  });
  const first = await stream.next();
  expect(first.value?.data?.deliveryLog).toBeTruthy();
  const { app } = await ask<{ app: { members: { id: string; email: string }[] } }>(
    owner,
    'query ($id: ID!) { app(id: $id) { members { id email } } }',
    { id: appId },
  );
  const member = app.members.find(({ email }) => email === 'colleague@partner.example');
  await act(owner, 'removeAppMember', { id: member?.id }, 'app { id }');
  for (;;) {
    const { value, done } = await stream.next();
    if (done === true) throw new Error('It ended without a reason.');
    if (value.errors === undefined) continue;
    expect(value.errors[0]?.extensions?.code).toBe('FORBIDDEN');
    break;
  }
  await client.dispose();
});

test('a revoked client secret ends the token and what follows by it', async () => {
  const { secret } = await act<{ secret: string }>(
    owner,
    'rotateAppClientSecret',
    { appId, overlapSeconds: 0 },
    'secret',
  );
  expect(secret).not.toBe(clientSecret);
  await expect(follower.until(() => false)).rejects.toThrow('4403');
});

/** Waits until this many deliveries have ended in the app's log. */
async function untilEnded(count: number): Promise<void> {
  await follower.until((changes) => changes.filter(({ status }) => isTerminal(status)).length >= count);
}
