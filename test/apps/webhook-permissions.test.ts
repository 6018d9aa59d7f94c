import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import type { AppPermission } from '../../src/access/permissions.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { type Apps, type Made, openApps } from './room.ts';

/** What members may do with the app's one endpoint, each with a single permission. */
let apps: Apps;
let owner: Actor;
let customer: Actor;
let app: Made;
let endpointId: string;
let missed: string;
beforeAll(async () => {
  apps = await openApps();
  owner = apps.user('owner@partner.example', await apps.addTenant('partner'));
  customer = apps.user('admin@customer.example', await apps.addTenant('customer'));
  await apps.registerTypes(['comment.created', 'Comment']);
  app = await apps.makeApp(owner, 'mirror');
  const { webhook } = await apps.setWebhook(owner, app, {
    url: 'http://127.0.0.1:9099/hook',
    isActive: false,
  });
  endpointId = webhook.endpoint.id;
  await apps.verify(app);
  await apps.publishVersion(owner, app);
  await apps.install(customer, app);
  await apps.publish(customer, 'comment.created');
  await apps.forwarder.drain();
  const { rows } = await apps.database.api.query(
    'select id from delivery where owner_id = $1 and installation_id is not null',
    [app.uuid],
  );
  missed = encodeId('Delivery', rows[0].id);
});
afterAll(() => apps.close());

let people = 0;
async function memberWith(...permissions: readonly AppPermission[]): Promise<{ actor: Actor; id: string }> {
  people += 1;
  const actor = apps.user(`person-${people}@partner.example`, undefined, []);
  return { actor, id: await apps.addMember(app, owner, { actor, permissions }) };
}

const refusals = async (actor: Actor, document: string) =>
  ((await apps.ask(actor, document)).errors ?? []).map(({ message }) => message);

test('who may change the webhook or rotate its secret, and no more, does not see what was sent there', async () => {
  const seen = 'deliveries { nodes { event { payloadText } } }';
  const change = (fields: string) =>
    `mutation { updateEndpoint(input: { id: "${endpointId}" }) { ... on UpdateEndpointPayload { endpoint { ${fields} } } } }`;
  const rotate = `mutation { rotateEndpointSecret(input: { id: "${endpointId}" }) {
    ... on RotateEndpointSecretPayload { endpoint { ${seen} } } } }`;
  const read = (fields: string) => `{ app(id: "${app.id}") { webhook { endpoint { ${fields} } } } }`;
  const { actor: changer } = await memberWith('MANAGE_WEBHOOK');
  const { actor: rotator } = await memberWith('ROTATE_SECRETS');
  for (const [actor, document] of [
    [changer, change(seen)],
    [changer, change('stats { total }')],
    [changer, read(seen)],
    [changer, read('stats { total }')],
    [rotator, rotate],
  ] as const) {
    expect(await refusals(actor, document), document).toEqual(['This needs the permission VIEW_DELIVERIES.']);
  }
  const { actor: both } = await memberWith('MANAGE_WEBHOOK', 'VIEW_DELIVERIES');
  expect(await refusals(both, change(seen))).toEqual([]);
  expect(await refusals(apps.tool(app), read(`${seen} stats { total }`))).toEqual([]);
});

test('a member lists, counts and replays the app’s deliveries by its endpoint, beside those of the tenant', async () => {
  const { actor } = await memberWith('MANAGE_WEBHOOK', 'VIEW_DELIVERIES');
  const besides = apps.user('person-of-both@partner.example', owner.tenantId);
  await apps.addMember(app, owner, { actor: besides, permissions: ['MANAGE_WEBHOOK', 'VIEW_DELIVERIES'] });
  const read = `{ deliveries(filter: { endpointId: ["${endpointId}"], kind: [EVENT], eventType: ["comment.created"] }) { nodes { id } }
    deliveryCount(filter: { endpointId: ["${endpointId}"], eventType: ["comment.created"] }) { count } }`;
  const replay = { input: { filter: { endpointId: [endpointId] } }, fields: 'job { id }' };
  for (const person of [actor, besides]) {
    const { data } = await apps.ask(person, read);
    expect(data).toEqual({ deliveries: { nodes: [{ id: missed }] }, deliveryCount: { count: 1 } });
    const { job } = await apps.act<{ job: { id: string } }>(person, 'replayDeliveries', replay);
    expect((await apps.ask(apps.tool(app), `{ replayJob(id: "${job.id}") { id } }`)).data?.replayJob).toEqual(
      job,
    );
  }
  const { data } = await apps.ask(besides, '{ deliveries { nodes { id } } }');
  expect(data?.deliveries).toEqual({ nodes: [] });
});

test('without the app’s permission its endpoint’s id is anybody’s that is missing', async () => {
  const { actor: viewer } = await memberWith('VIEW_DELIVERIES');
  const tenants = apps.user('w@partner.example', owner.tenantId, ['MANAGE_WEBHOOKS']);
  for (const id of [endpointId, encodeId('Endpoint', mintUuid())]) {
    const replay = { input: { filter: { endpointId: [id] } }, fields: 'job { id }' };
    expect((await apps.act(viewer, 'replayDeliveries', replay)).__typename).toContain('MANAGE_WEBHOOK');
    const { job } = await apps.act<{ job: { id: string } }>(tenants, 'replayDeliveries', replay);
    const { data } = await apps.ask(apps.tool(app), `{ replayJob(id: "${job.id}") { id } }`);
    expect(data?.replayJob).toBeNull();
    const { data: read } = await apps.ask(
      tenants,
      `{ deliveries(filter: { endpointId: ["${id}"] }) { nodes { id } } }`,
    );
    expect(read?.deliveries).toEqual({ nodes: [] });
  }
});

test('a bulk replay that a member follows ends with the membership', async () => {
  const { actor, id } = await memberWith('VIEW_DELIVERIES');
  const { job } = await apps.act<{ job: { id: string } }>(apps.tool(app), 'replayDeliveries', {
    input: { filter: {} },
    fields: 'job { id }',
  });
  apps.grantWatch.start();
  const stream = await apps.follow(actor, `subscription { replayJobProgress(id: "${job.id}") { status } }`);
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  expect((await stream.next()).value?.data).toMatchObject({ replayJobProgress: { status: 'RUNNING' } });
  const waiting = stream.next();
  await apps.act(owner, 'removeAppMember', { input: { id } });
  const { value } = await waiting;
  expect(value?.errors?.[0]?.message).toContain('no longer allowed to see this app');
  expect(await stream.next()).toMatchObject({ done: true });
});

test('a rotation by the endpoint’s id informs the app, and no earlier answer shows an old secret', async () => {
  const input = { name: 'Told', source: 'told', idempotencyKey: 'make-told' };
  const created = { input, fields: 'app { id } webhookSecret' };
  const { app: made } = await apps.act<{ app: { id: string } }>(owner, 'createApp', created);
  const told = { ...app, id: made.id };
  const { webhook } = await apps.setWebhook(owner, told, {
    url: 'http://127.0.0.1:9099/hook',
    isActive: false,
  });
  const rotated = { input: { id: webhook.endpoint.id, overlapSeconds: 60 }, fields: 'secret' };
  const { secret } = await apps.act<{ secret: string }>(owner, 'rotateEndpointSecret', rotated);
  await apps.forwarder.drain();
  const { data } = await apps.ask(
    owner,
    `{ deliveries(filter: { endpointId: ["${webhook.endpoint.id}"] }) { nodes { eventType event { payloadText } } } }`,
  );
  const { nodes } = Object(data?.deliveries);
  expect(nodes).toMatchObject([{ eventType: 'app.secret_rotated' }]);
  expect(JSON.parse(nodes[0].event.payloadText)).toEqual({
    appId: told.id,
    kind: 'WEBHOOK_SECRET',
    expiresAt: expect.any(String),
  });
  expect(nodes[0].event.payloadText).not.toContain(secret);
  expect(await apps.act(owner, 'createApp', created)).not.toHaveProperty('webhookSecret');
});

test('who may replay a delivery and see none gets it without what was sent', async () => {
  const { actor } = await memberWith('MANAGE_WEBHOOK');
  const replay = (fields: string) =>
    `mutation { replayDelivery(input: { id: "${missed}" }) { ... on ReplayDeliveryPayload { delivery { ${fields} } } } }`;
  expect(await refusals(actor, replay('status event { payloadText }'))).toEqual([
    'This needs the permission VIEW_DELIVERIES.',
  ]);
  expect(await refusals(actor, replay('status event { type }'))).toEqual([]);
});
