import { decodeId, encodeAttemptId } from '../../src/ids.ts';
import { appId, installed, member } from './app-rows.ts';
import { ask, recordOf, textAt } from './ask.ts';
import type { Credentials } from './credentials.ts';
import { type App, freshName, type Owner, publishVersion } from './owners.ts';
import type { Row, Rows } from './row.ts';

const see = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' } as const;
const seeApps = { tenant: 'MANAGE_APPS', app: 'VIEW_DELIVERIES' } as const;
const manageMembers = { app: 'MANAGE_MEMBERS' } as const;

async function found({ ours }: Credentials, document: string, ...path: readonly string[]): Promise<string> {
  const { origin, proof } = ours.maker;
  return textAt(recordOf(await ask(origin, proof, { document, variables: {} })), ...path);
}

async function apiKey({ ours }: Credentials): Promise<string> {
  const input = { name: 'a key', permissions: ['MANAGE_WEBHOOKS'] };
  return textAt(await ours.owner.act('createApiKey', input, 'apiKey { id }'), 'apiKey', 'id');
}

/** No worker runs, so the records that it would write about an attempt are written by hand. */
async function attempt(owner: Owner | App, { query }: Credentials): Promise<string> {
  const uuid = decodeId('Delivery', (await owner.delivery()).id) ?? '';
  await query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at)
     select owner_id, id, 1, 'TIMEOUT', now() from delivery where id = $1`,
    [uuid],
  );
  return encodeAttemptId(uuid, 1);
}

async function version(owner: Owner | App, credentials: Credentials): Promise<string> {
  const app = 'clientId' in owner ? owner : await credentials.app();
  return textAt(await publishVersion(app), 'version', 'id');
}

async function invitation(owner: Owner | App, credentials: Credentials): Promise<string> {
  const input = {
    ...(await appId(owner, credentials)),
    email: `${freshName('guest')}@ours.example`,
    permissions: ['MANAGE_APP'],
  };
  return textAt(await owner.act('inviteAppMember', input, 'invitation { id }'), 'invitation', 'id');
}

type Node = Omit<Row, 'document' | 'about'> &
  Readonly<{ idOf: (owner: Owner | App, credentials: Credentials) => Promise<string> }>;

/** Each type of record with an id, which `node` finds with that type's permission. */
export const nodeTypes: Readonly<Record<string, Node>> = {
  ApiKey: { needs: { tenant: 'MANAGE_API_KEYS' }, idOf: (_owner, credentials) => apiKey(credentials) },
  App: {
    needs: seeApps,
    withoutIt: 'let in',
    managesApps: true,
    idOf: async (owner, credentials) => (await appId(owner, credentials)).appId,
  },
  AppInstallation: { needs: seeApps, withoutIt: 'missing', managesApps: true, idOf: installed },
  AppInvitation: { needs: manageMembers, withoutIt: 'missing', idOf: invitation },
  AppMember: { needs: manageMembers, withoutIt: 'missing', idOf: member },
  AppVersion: { needs: seeApps, withoutIt: 'let in', managesApps: true, idOf: version },
  AuditEntry: {
    needs: { tenant: 'READ_AUDIT_LOG' },
    idOf: async (_owner, { ours }) => {
      await ours.owner.endpoint();
      const { origin, proof } = ours.maker;
      const document = '{ auditLog(first: 1) { nodes { id } } }';
      const { nodes } = recordOf(await ask(origin, proof, { document, variables: {} }));
      return textAt(Object(nodes), '0', 'id');
    },
  },
  CancelJob: { needs: see, idOf: (owner) => owner.cancelJob() },
  Delivery: { needs: see, idOf: async (owner) => (await owner.delivery()).id },
  DeliveryAttempt: { needs: see, idOf: attempt },
  Endpoint: { needs: see, idOf: (owner) => owner.endpoint() },
  Event: { needs: see, idOf: async (owner) => (await owner.delivery()).eventId },
  EventType: {
    needs: 'ANY_CREDENTIAL',
    reach: 'platform',
    idOf: (_owner, credentials) => found(credentials, '{ eventType(name: "order.paid") { id } }', 'id'),
  },
  ReplayJob: { needs: see, idOf: (owner) => owner.replayJob() },
  Tenant: {
    needs: { tenant: 'MANAGE_TENANTS' },
    reach: 'platform',
    idOf: (_owner, credentials) => found(credentials, '{ viewer { tenant { id } } }', 'tenant', 'id'),
  },
};

const nodeRows = (document: string): Row[] =>
  Object.values(nodeTypes).map(({ idOf, ...row }) => ({
    ...row,
    document,
    about: async (owner, credentials) => ({ id: await idOf(owner, credentials) }),
  }));

const registered = () => ({
  name: `made.${freshName('type')}`,
  description: 'Made.',
  dataType: 'Thing',
  example: {},
});

const platform = { reach: 'platform' } as const;
const anyCredential = { needs: 'ANY_CREDENTIAL', ...platform } as const;

export const platformRows: Rows = {
  'QUERY node': nodeRows('query ($id: ID!) { node(id: $id) { id } }'),
  'QUERY nodes': nodeRows('query ($id: ID!) { nodes(ids: [$id]) { id } }'),
  'QUERY capabilities': { ...anyCredential, document: '{ capabilities { path } }' },
  'QUERY eventType': { ...anyCredential, document: '{ eventType(name: "order.paid") { id } }' },
  'QUERY eventTypes': { ...anyCredential, document: '{ eventTypes { id } }' },
  'QUERY viewer': {
    needs: 'ANY_CREDENTIAL',
    document: '{ viewer { tenant { id } app { id } } }',
    reach: 'own',
  },
  'QUERY auditLog': {
    needs: { tenant: 'READ_AUDIT_LOG' },
    document: '{ auditLog { nodes { id } } }',
    reach: 'own',
    nothing: { nodes: [] },
  },
  'QUERY apiKeys': {
    needs: { tenant: 'MANAGE_API_KEYS' },
    document: '{ apiKeys { nodes { id } } }',
    reach: 'own',
    nothing: { nodes: [] },
  },
  'QUERY tenant': {
    needs: { tenant: 'MANAGE_TENANTS' },
    document: '{ tenant(externalId: "ours") { id } }',
    ...platform,
  },
  'QUERY tenants': {
    needs: { tenant: 'MANAGE_TENANTS' },
    document: '{ tenants { nodes { id } } }',
    ...platform,
  },
  'MUTATION createTenant': {
    needs: { tenant: 'MANAGE_TENANTS' },
    about: () => ({ externalId: freshName('tenant'), name: 'A tenant' }),
    ...platform,
  },
  'MUTATION registerEventType': {
    needs: { tenant: 'MANAGE_EVENT_TYPES' },
    about: registered,
    ...platform,
  },
  'MUTATION deprecateEventType': {
    needs: { tenant: 'MANAGE_EVENT_TYPES' },
    async about(_owner, { ours }) {
      const type = registered();
      await ours.owner.act('registerEventType', type, '__typename');
      return { name: type.name, reason: 'Replaced.' };
    },
    ...platform,
  },
  'MUTATION createApiKey': {
    needs: { tenant: 'MANAGE_API_KEYS' },
    about: () => ({ name: 'a key', permissions: ['MANAGE_API_KEYS'] }),
    reach: 'own',
  },
  'MUTATION createConsoleLink': {
    needs: { tenant: 'MANAGE_WEBHOOKS' },
    about: () => ({ permissions: ['MANAGE_WEBHOOKS'] }),
    reach: 'own',
  },
  'MUTATION revokeApiKey': {
    needs: { tenant: 'MANAGE_API_KEYS' },
    about: async (_owner, credentials) => ({ id: await apiKey(credentials) }),
  },
};
