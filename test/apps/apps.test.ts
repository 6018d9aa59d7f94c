import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { serviceActor } from '../access/actors.ts';
import { startReceiver } from '../support/receiver.ts';
import { type Apps, type Made, openApps } from './room.ts';

let apps: Apps;
let owner: Actor;
let customer: Actor;
let app: Made;
beforeAll(async () => {
  apps = await openApps();
  owner = apps.user('owner@partner.example', await apps.addTenant('partner'));
  customer = apps.user('admin@acme.example', await apps.addTenant('acme'));
  await apps.registerTypes(['comment.created', 'Comment']);
  app = await apps.makeApp(owner, 'mirror');
});
afterAll(() => apps.close());

const hook = 'http://127.0.0.1:9099/hook';

async function auditOf(targetId: string): Promise<string[]> {
  const { rows } = await apps.database.api.query<{ action: string }>(
    'select action from audit_entry where target_id = $1 order by id',
    [targetId],
  );
  return rows.map(({ action }) => action);
}

test('a source belongs to one app, until that is deleted', async () => {
  const input = { name: 'Mirror', source: 'mirror' };
  expect(await apps.act(owner, 'createApp', { input })).toMatchObject({ __typename: 'ConflictError' });
  const first = await apps.makeApp(owner, 'twice');
  await apps.act(owner, 'deleteApp', { input: { id: first.id } });
  expect(await apps.makeApp(owner, 'twice')).toMatchObject({ clientSecret: expect.stringMatching(/^hgs_/) });
  expect(await auditOf(first.uuid)).toEqual(['app.create', 'app.delete']);
});

test('errors about bad input name the field, and a service must name the first member', async () => {
  const service = serviceActor(owner.tenantId);
  const input = { name: ' ', source: 'two words' };
  expect(await apps.act(service, 'createApp', { input })).toMatchObject({
    __typename: 'ValidationError',
    issues: [
      { path: ['name'], code: 'INVALID_NAME' },
      { path: ['source'], code: 'INVALID_SOURCE' },
      { path: ['ownerEmail'], code: 'REQUIRED' },
    ],
  });
  const made = await apps.act(service, 'createApp', {
    input: { name: 'By a service', source: 'by-a-service', ownerEmail: 'First@partner.example' },
    fields: 'app { id ownerTenant { externalId } members { id } }',
  });
  expect(made).toMatchObject({ app: { ownerTenant: { externalId: 'partner' }, members: null } });
});

test('the same key gives the same secrets, until one of them is rotated', async () => {
  const input = { name: 'Keyed', source: 'keyed', idempotencyKey: 'k' };
  const fields = 'app { id } clientSecret webhookSecret';
  const first = await apps.act<{ app: { id: string } }>(owner, 'createApp', { input, fields });
  expect(await apps.act(owner, 'createApp', { input, fields })).toEqual(first);
  const rotation = { input: { appId: first.app.id, idempotencyKey: 'r' }, fields: 'secret' };
  const rotated = await apps.act(owner, 'rotateAppClientSecret', rotation);
  expect(await apps.act(owner, 'rotateAppClientSecret', rotation)).toEqual(rotated);
  expect(await apps.act(owner, 'createApp', { input, fields })).toMatchObject({
    __typename: 'IdempotencyError',
  });
  await apps.act(owner, 'rotateAppWebhookSecret', { input: { appId: first.app.id } });
  expect(await apps.act(owner, 'rotateAppClientSecret', rotation)).toEqual(rotated);
  await apps.act(owner, 'rotateAppClientSecret', { input: { appId: first.app.id } });
  expect(await apps.act(owner, 'rotateAppClientSecret', rotation)).toMatchObject({
    __typename: 'IdempotencyError',
  });
});

test('at most ten client secrets work at once', async () => {
  const made = await apps.makeApp(owner, 'many-secrets');
  const rotate = (overlapSeconds: number) =>
    apps.act(owner, 'rotateAppClientSecret', { input: { appId: made.id, overlapSeconds } });
  for (let n = 1; n < 10; n += 1)
    expect(await rotate(600)).toMatchObject({ __typename: 'RotateAppSecretPayload' });
  expect(await rotate(600)).toMatchObject({ __typename: 'LimitExceededError' });
  expect(await rotate(-1)).toMatchObject({ __typename: 'ValidationError' });
  const { data } = await apps.ask(owner, `{ app(id: "${made.id}") { clientSecrets { id expiresAt } } }`);
  expect(Object(data?.app).clientSecrets).toHaveLength(10);
  expect(await rotate(0)).toMatchObject({ __typename: 'RotateAppSecretPayload' });
});

test('the secret of creation signs from the first webhook on, and outlives its removal', async () => {
  const receiver = await startReceiver();
  const made = await apps.makeApp(owner, 'signed');
  for (const remove of ['removeAppWebhook', 'deleteEndpoint', 'removeAppWebhook']) {
    const { webhook } = await apps.setWebhook(owner, made, { url: receiver.url });
    await apps.handshakes.idle();
    const handshake = receiver.handshakes.at(-1);
    expect(
      new Webhook(made.webhookSecret).verify(handshake?.body ?? '', { ...handshake?.headers }),
    ).toBeTruthy();
    const input = remove === 'deleteEndpoint' ? { id: webhook.endpoint.id } : { appId: made.id };
    const { __typename } = await apps.act(owner, remove, { input });
    expect(__typename.toLowerCase()).toBe(`${remove}payload`.toLowerCase());
  }
  expect(receiver.handshakes).toHaveLength(3);
  expect(await apps.act(owner, 'removeAppWebhook', { input: { appId: made.id } })).toMatchObject({
    __typename: 'NotFoundError',
  });
  await receiver.close();
});

test('a secret can be rotated before there is a webhook', async () => {
  const receiver = await startReceiver();
  const made = await apps.makeApp(owner, 'rotated-early');
  const { secret } = await apps.act<{ secret: string }>(owner, 'rotateAppWebhookSecret', {
    input: { appId: made.id, overlapSeconds: 0 },
    fields: 'secret',
  });
  await apps.setWebhook(owner, made, { url: receiver.url });
  await apps.handshakes.idle();
  const [handshake] = receiver.handshakes;
  expect(new Webhook(secret).verify(handshake?.body ?? '', { ...handshake?.headers })).toBeTruthy();
  await receiver.close();
});

test('setting the webhook again replaces all of it, and loses a verification with the URL', async () => {
  const made = await apps.makeApp(owner, 'replaced');
  const first = await apps.setWebhook(owner, made, { url: hook, events: ['comment.*'], description: 'mine' });
  await apps.verify(made);
  const second = await apps.setWebhook(owner, made, { url: hook, streams: ['LIFECYCLE'] });
  expect(second).toMatchObject({
    webhook: {
      streams: ['LIFECYCLE'],
      endpoint: { id: first.webhook.endpoint.id, verification: { status: 'VERIFIED' } },
    },
  });
  const { data } = await apps.ask(
    owner,
    `{ app(id: "${made.id}") { webhook { streams endpoint { events description owner { ... on App { id } } } } } }`,
  );
  expect(data?.app).toEqual({
    webhook: {
      streams: ['LIFECYCLE'],
      endpoint: { events: ['*'], description: null, owner: { id: made.id } },
    },
  });
  expect(await apps.setWebhook(owner, made, { url: `${hook}/new` })).toMatchObject({
    webhook: { endpoint: { verification: { status: 'UNVERIFIED' } } },
  });
  expect(await apps.setWebhook(owner, made, { url: hook, streams: [] })).toMatchObject({
    __typename: 'ValidationError',
  });
  expect(
    await apps.setWebhook(owner, made, { url: 'http://10.0.0.1/', streams: ['LIFECYCLE'] }),
  ).toMatchObject({ __typename: 'ValidationError' });
  expect(await auditOf(made.uuid)).toEqual([
    'app.create',
    'app.set_webhook',
    'app.set_webhook',
    'app.set_webhook',
  ]);
});

test('only what the catalogue has is declared, and a name once', async () => {
  const declare = (input: object) =>
    apps.act(owner, 'publishAppVersion', {
      input: { appId: app.id, version: '1.0.0', webhookCategories: [], dataTypes: [], ...input },
      fields: 'version { id }',
    });
  expect(
    await declare({ webhookCategories: ['comment', 'nothing', 'app', 'comment'], dataTypes: ['Invoice'] }),
  ).toMatchObject({
    __typename: 'ValidationError',
    issues: [
      { path: ['webhookCategories', '1'], code: 'UNKNOWN_CATEGORY' },
      { path: ['webhookCategories', '2'], code: 'UNKNOWN_CATEGORY' },
      { path: ['webhookCategories', '3'], code: 'DUPLICATE' },
      { path: ['dataTypes', '0'], code: 'UNKNOWN_DATA_TYPE' },
    ],
  });
  expect(await declare({})).toMatchObject({ __typename: 'PublishAppVersionPayload' });
  expect(await declare({ webhookCategories: ['comment'] })).toMatchObject({ __typename: 'ConflictError' });
  expect(await declare({ version: '1.1.0', webhookCategories: ['comment'] })).toMatchObject({
    __typename: 'PublishAppVersionPayload',
  });
  const { data } = await apps.ask(
    owner,
    `{ app(id: "${app.id}") { publishedVersion { version } versions { nodes { version status } } } }`,
  );
  expect(data?.app).toEqual({
    publishedVersion: { version: '1.1.0' },
    versions: {
      nodes: [
        { version: '1.1.0', status: 'PUBLISHED' },
        { version: '1.0.0', status: 'SUPERSEDED' },
      ],
    },
  });
});

test('an unpublished app cannot be installed, and is nobody’s to see', async () => {
  const made = await apps.makeApp(owner, 'unpublished');
  const install = { input: { appId: made.id, permissions: [] } };
  expect(await apps.act(owner, 'installApp', install)).toMatchObject({ __typename: 'ConflictError' });
  expect(await apps.act(customer, 'installApp', install)).toMatchObject({ __typename: 'NotFoundError' });
  const { data } = await apps.ask(customer, `{ appProfile(id: "${made.id}") { name } }`);
  expect(data?.appProfile).toBeNull();
  const missing = { input: { appId: encodeId('App', mintUuid()), permissions: [] } };
  expect(await apps.act(customer, 'installApp', missing)).toMatchObject({ __typename: 'NotFoundError' });
});

test('of two who install at once, one does; counts follow every change', async () => {
  const made = await apps.makeApp(owner, 'counted');
  await apps.publishVersion(owner, made);
  const install = () =>
    apps.act<{ installation?: { id: string } }>(customer, 'installApp', {
      input: { appId: made.id, permissions: ['read'] },
      fields: 'installation { id app { name webhookCategories } }',
    });
  const both = await Promise.all([install(), install()]);
  expect(both.map(({ __typename }) => __typename).sort()).toEqual(['ConflictError', 'InstallAppPayload']);
  const id = both.find(({ installation }) => installation !== undefined)?.installation?.id;
  const counts = async () => {
    const { data } = await apps.ask(
      owner,
      `{ app(id: "${made.id}") { webhookAnalytics { installedTenants subscribedTenants } } }`,
    );
    return Object.values(Object(data?.app).webhookAnalytics);
  };
  expect(await counts()).toEqual([1, 1]);
  const update = (input: object) => apps.act(customer, 'updateInstallation', { input: { id, ...input } });
  expect(await update({ permissions: ['a b'] })).toMatchObject({ __typename: 'ValidationError' });
  expect(await update({ isSubscribed: null })).toMatchObject({ __typename: 'ValidationError' });
  await update({ isSubscribed: false });
  expect(await counts()).toEqual([1, 0]);
  await apps.act(customer, 'uninstallApp', { input: { id } });
  expect(await counts()).toEqual([0, 0]);
  expect(await update({ isSubscribed: true })).toMatchObject({ __typename: 'NotFoundError' });
  expect(await apps.act(customer, 'uninstallApp', { input: { id } })).toMatchObject({
    __typename: 'NotFoundError',
  });
  expect(await install()).toMatchObject({ __typename: 'InstallAppPayload' });
  expect(await counts()).toEqual([1, 1]);
});

test('a deleted app revokes its installations and ends what is queued', async () => {
  const made = await apps.makeApp(owner, 'deleted');
  await apps.setWebhook(owner, made, { url: hook });
  await apps.verify(made);
  await apps.publishVersion(owner, made);
  const id = await apps.install(customer, made);
  await apps.publish(customer, 'comment.created');
  await apps.forwarder.drain();
  await apps.act(owner, 'deleteApp', { input: { id: made.id } });
  await apps.publish(customer, 'comment.created');
  await apps.forwarder.drain();
  const { rows } = await apps.database.api.query(
    `select count(*)::int as n, count(*) filter (where failure_reason = 'ENDPOINT_DELETED')::int as ended
       from delivery where owner_id = $1 and tenant_id is not null`,
    [made.uuid],
  );
  expect(rows).toEqual([{ n: 1, ended: 1 }]);
  const { data } = await apps.ask(
    customer,
    `{ node(id: "${id}") { ... on AppInstallation { revokedAt app { name } } } appProfile(id: "${made.id}") { name } }`,
  );
  expect(data).toMatchObject({
    node: { revokedAt: expect.any(String), app: { name: 'deleted' } },
    appProfile: null,
  });
  expect(await apps.act(owner, 'updateApp', { input: { id: made.id, name: 'x' } })).toMatchObject({
    __typename: 'NotFoundError',
  });
});
