import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { encodeId, type IdType, mintUuid, typeOfId } from '../../src/ids.ts';
import { serviceActor } from '../access/actors.ts';
import { type Apps, type Made, openApps } from './room.ts';

/** Every record with an id of a partner and its customer. */
type World = Readonly<{ app: Made; owner: Actor; customer: Actor; ids: Readonly<Record<string, string>> }>;

let apps: Apps;
let ours: World;
let theirs: World;
beforeAll(async () => {
  apps = await openApps();
  await apps.registerTypes(['comment.created', 'Comment']);
  ours = await makeWorld('ours');
  theirs = await makeWorld('theirs');
});
afterAll(() => apps.close());

async function makeWorld(name: string): Promise<World> {
  const owner = apps.user(`owner@${name}.example`, await apps.addTenant(name));
  const customer = apps.user(`admin@${name}-customer.example`, await apps.addTenant(`${name}-customer`));
  const app = await apps.makeApp(owner, name);
  const { webhook } = await apps.setWebhook(owner, app, {
    url: 'http://127.0.0.1:9099/hook',
    isActive: false,
  });
  await apps.verify(app);
  const { version } = (await apps.publishVersion(owner, app)) as unknown as { version: { id: string } };
  const installation = await apps.install(customer, app);
  const member = await apps.addMember(app, owner, {
    actor: apps.user(`member@${name}.example`),
    permissions: ['VIEW_DELIVERIES'],
  });
  const { invitation } = await apps.act<{ invitation: { id: string } }>(owner, 'inviteAppMember', {
    input: { appId: app.id, email: `guest@${name}.example`, permissions: ['MANAGE_APP'] },
    fields: 'invitation { id }',
  });
  await apps.publish(customer, 'comment.created');
  await apps.forwarder.drain();
  const { rows } = await apps.database.api.query<{ id: string; event_id: string }>(
    'select id, event_id from delivery where owner_id = $1 and installation_id is not null',
    [app.uuid],
  );
  const [delivery] = rows;
  if (delivery === undefined) throw new Error('Nothing was forwarded.');
  return {
    app,
    owner,
    customer,
    ids: {
      app: app.id,
      endpoint: webhook.endpoint.id,
      version: version.id,
      installation,
      member,
      invitation: invitation.id,
      delivery: encodeId('Delivery', delivery.id),
      event: encodeId('Event', delivery.event_id),
    },
  };
}

/** Callers that have nothing to do with our app, whatever other permissions they have. */
function strangers(): [name: string, actor: Actor][] {
  return [
    ['another app’s owner', theirs.owner],
    ['another app’s token', apps.tool(theirs.app)],
    ['another app’s member', apps.user('member@theirs.example')],
    ['another tenant’s administrator', theirs.customer],
    ['a key of our tenant, with every permission', serviceActor(ours.owner.tenantId)],
    ['a user of our tenant who is no member', apps.user('colleague@ours.example', ours.owner.tenantId)],
  ];
}

const input = (name: string, fields: string) => (id: string) =>
  `mutation { ${name}(input: { ${fields.replace('$', JSON.stringify(id))} }) { __typename ... on Error { code message } } }`;
const query = (text: string) => (id: string) => `{ ${text.replace('$', JSON.stringify(id))} }`;

/** Every operation of these rooms with an id as input, by the type of the id. */
const operations: readonly (readonly [of: string, document: (id: string) => string])[] = [
  ...['app', 'endpoint', 'version', 'installation', 'member', 'invitation', 'delivery', 'event'].map(
    (of) => [of, query('node(id: $) { __typename id }')] as const,
  ),
  ['app', query('logHead(appId: $)')],
  ['app', query('logOldest(appId: $)')],
  [
    'app',
    query(
      'app(id: $) { members { id } clientSecrets { id } webhook { streams } deliveries { nodes { id } } installations { nodes { id } } webhookAnalytics { recentDeliveries } }',
    ),
  ],
  ['endpoint', query('endpoint(id: $) { id }')],
  ['delivery', query('delivery(id: $) { id }')],
  ['event', query('event(id: $) { id }')],
  ['endpoint', query('deliveries(filter: { endpointId: [$] }) { nodes { id } }')],
  ['app', input('updateApp', 'id: $, name: "mine"')],
  ['app', input('deleteApp', 'id: $')],
  ['app', input('setAppWebhook', 'appId: $, url: "http://127.0.0.1:9099/other", streams: [LIFECYCLE]')],
  ['app', input('removeAppWebhook', 'appId: $')],
  ['app', input('rotateAppClientSecret', 'appId: $')],
  ['app', input('rotateAppWebhookSecret', 'appId: $')],
  ['app', input('publishAppVersion', 'appId: $, version: "9", webhookCategories: [], dataTypes: []')],
  ['app', input('inviteAppMember', 'appId: $, email: "me@x.example", permissions: [MANAGE_APP]')],
  ['member', input('updateAppMember', 'id: $, permissions: [MANAGE_APP]')],
  ['member', input('removeAppMember', 'id: $')],
  ['installation', input('updateInstallation', 'id: $, isSubscribed: false')],
  ['installation', input('uninstallApp', 'id: $')],
  ['endpoint', input('updateEndpoint', 'id: $, isActive: false')],
  ['endpoint', input('deleteEndpoint', 'id: $')],
  ['endpoint', input('rotateEndpointSecret', 'id: $')],
  ['endpoint', input('verifyEndpoint', 'id: $')],
];

const missingLike = (id: string) => encodeId(typeOfId(id) as IdType, mintUuid());

async function answer(actor: Actor, document: string, id: string): Promise<string> {
  const { data, errors } = await apps.ask(actor, document);
  return JSON.stringify({ data, errors: errors?.map(({ message, path }) => ({ message, path })) }).replaceAll(
    id,
    'ID',
  );
}

test('to a stranger, our ids read as missing ones', async () => {
  for (const [name, stranger] of strangers()) {
    for (const [of, document] of operations) {
      // The tenant that created the app may see that it exists, as `apps` shows it, but nothing inside it.
      const isOwners = stranger.tenantId === ours.owner.tenantId;
      if (isOwners && document('').includes('app(id')) continue;
      if (isOwners && document('').includes('node(id') && (of === 'app' || of === 'version')) continue;
      const id = ours.ids[of] ?? '';
      const missing = missingLike(id);
      const [real, other] = [
        await answer(stranger, document(id), id),
        await answer(stranger, document(missing), missing),
      ];
      expect(real, `${name}: ${document(id)}`).toBe(other);
    }
  }
});

test('the tenant that made the app sees that it is there, and nothing of what needs an AppPermission', async () => {
  const colleague = apps.user('colleague@ours.example', ours.owner.tenantId);
  const { data } = await apps.ask(
    colleague,
    `{ apps { nodes { id webhook { streams } members { id } invitations { id } installations { nodes { id } }
         deliveries { nodes { id } } webhookAnalytics { recentDeliveries } clientSecrets { id } } } }`,
  );
  expect(data?.apps).toEqual({
    nodes: [
      {
        id: ours.app.id,
        webhook: null,
        members: null,
        invitations: null,
        installations: null,
        deliveries: null,
        webhookAnalytics: null,
        clientSecrets: null,
      },
    ],
  });
});

test('who belongs to it finds all of it: the owner, the app itself, and a member what it may see', async () => {
  const found = async (actor: Actor, ids: readonly (string | undefined)[]) => {
    const { data } = await apps.ask(actor, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
    return data?.nodes;
  };
  const { app, endpoint, version, installation, member, invitation, delivery, event } = ours.ids;
  const shared = [app, endpoint, version, installation, delivery, event];
  const all = [...shared, member, invitation];
  expect(await found(ours.owner, all)).toEqual(all.map((id) => ({ id })));
  for (const actor of [apps.tool(ours.app), apps.user('Member@Ours.example')]) {
    expect(await found(actor, shared)).toEqual(shared.map((id) => ({ id })));
  }
  expect(await found(apps.user('member@ours.example'), [member, invitation])).toEqual([null, null]);
  expect(await found(ours.customer, [installation, event])).toEqual([{ id: installation }, { id: event }]);
});

test('the app’s own token never touches its members, its secrets, its versions or itself', async () => {
  const tool = apps.tool(ours.app);
  for (const name of [
    'updateApp',
    'deleteApp',
    'rotateAppClientSecret',
    'publishAppVersion',
    'inviteAppMember',
    'removeAppMember',
  ]) {
    const [, document] = operations.find(([, text]) => text('').includes(`${name}(`)) ?? [];
    const id = name === 'removeAppMember' ? ours.ids.member : ours.ids.app;
    const { errors } = await apps.ask(tool, document?.(id ?? '') ?? '');
    expect(errors?.[0]?.message, name).toMatch(/needs the permission/);
  }
});

test('nobody follows another’s log', async () => {
  for (const [, stranger] of strangers()) {
    for (const id of [ours.app.id, missingLike(ours.app.id)]) {
      const stream = await apps.follow(stranger, `subscription { deliveryLog(appId: "${id}") { position } }`);
      expect(stream).toMatchObject({ errors: [{ message: 'There is no such app.' }] });
    }
  }
});

test('an app sees its own copy of a tenant’s event, with its own deliveries of it', async () => {
  const document = `{ event(id: "${ours.ids.event}") { tenant { externalId } deliveries { nodes { id } } } }`;
  const { data: apps_ } = await apps.ask(apps.tool(ours.app), document);
  expect(apps_?.event).toEqual({
    tenant: { externalId: 'ours-customer' },
    deliveries: { nodes: [{ id: ours.ids.delivery }] },
  });
  const { data: tenants } = await apps.ask(ours.customer, document);
  expect(tenants?.event).toEqual({ tenant: { externalId: 'ours-customer' }, deliveries: { nodes: [] } });
});
