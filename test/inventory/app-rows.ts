import { textAt } from './ask.ts';
import type { Credentials } from './credentials.ts';
import { type App, addMember, freshName, type Owner, publishVersion } from './owners.ts';
import type { Rows } from './row.ts';

const guest = 'guest@ours.example';

/** The owner itself if it is an app, otherwise an app that it has created. */
async function appOf(owner: Owner | App, credentials: Credentials): Promise<App> {
  return 'clientId' in owner ? owner : await credentials.app();
}

export const appId = async (owner: Owner | App, credentials: Credentials) => ({
  appId: (await appOf(owner, credentials)).appId,
});
const id = async (owner: Owner | App, credentials: Credentials) => ({
  id: (await appOf(owner, credentials)).appId,
});

async function published(owner: Owner | App, credentials: Credentials): Promise<App> {
  const app = await appOf(owner, credentials);
  await publishVersion(app);
  return app;
}

export async function installed(owner: Owner | App, credentials: Credentials): Promise<string> {
  const app = await published(owner, credentials);
  const input = { appId: app.appId, permissions: ['read'] };
  return textAt(await owner.act('installApp', input, 'installation { id }'), 'installation', 'id');
}

export async function member(owner: Owner | App, credentials: Credentials): Promise<string> {
  const app = await appOf(owner, credentials);
  const email = `${freshName('member')}@ours.example`;
  const proof = await credentials.person(email);
  return addMember(credentials, app, { email, permissions: ['VIEW_DELIVERIES'], proof });
}

const nobody = { nodes: [] };
/** The record only has to exist. */
export const made = (_record: unknown): object => ({});

export const appRows: Rows = {
  'QUERY app': {
    needs: { tenant: 'MANAGE_APPS', app: 'VIEW_DELIVERIES' },
    document: 'query ($id: ID!) { app(id: $id) { id name } }',
    about: id,
    withoutIt: 'let in',
    managesApps: true,
  },
  'QUERY apps': {
    needs: { tenant: 'MANAGE_APPS' },
    document: '{ apps { nodes { id } } }',
    about: async (owner, credentials) => made(await appOf(owner, credentials)),
    reach: 'own',
    nothing: nobody,
  },
  'QUERY appProfile': {
    needs: { tenant: 'MANAGE_APPS' },
    document: 'query ($id: ID!) { appProfile(id: $id) { appId } }',
    about: id,
  },
  'QUERY appInstallations': {
    needs: { tenant: 'MANAGE_APPS' },
    document: '{ appInstallations { nodes { id } } }',
    about: async (owner, credentials) => made(await installed(owner, credentials)),
    reach: 'own',
    nothing: nobody,
  },
  'MUTATION acceptAppInvitation': {
    needs: { email: guest },
    async about(owner, credentials) {
      const app = await appOf(owner, credentials);
      const input = { appId: app.appId, email: guest, permissions: ['VIEW_DELIVERIES'] };
      return { token: (await app.act('inviteAppMember', input, 'token')).token };
    },
  },
  'MUTATION createApp': {
    needs: { tenant: 'MANAGE_APPS' },
    about: () => ({ name: 'Made', source: freshName('source'), ownerEmail: 'owner@ours.example' }),
    reach: 'own',
  },
  'MUTATION updateApp': {
    needs: { app: 'MANAGE_APP' },
    about: async (owner, credentials) => ({ ...(await id(owner, credentials)), name: 'Renamed' }),
  },
  'MUTATION deleteApp': { needs: { app: 'MANAGE_APP' }, about: id },
  'MUTATION installApp': {
    needs: { tenant: 'MANAGE_APPS' },
    about: async (owner, credentials) => ({
      appId: (await published(owner, credentials)).appId,
      permissions: ['read'],
    }),
    foreign: async (owner, credentials) => ({ ...(await appId(owner, credentials)), permissions: ['read'] }),
  },
  'MUTATION updateInstallation': {
    needs: { tenant: 'MANAGE_APPS' },
    about: async (owner, credentials) => ({ id: await installed(owner, credentials), isSubscribed: false }),
  },
  'MUTATION uninstallApp': {
    needs: { tenant: 'MANAGE_APPS' },
    about: async (owner, credentials) => ({ id: await installed(owner, credentials) }),
  },
  'MUTATION createInstallLink': {
    needs: { tenant: 'MANAGE_APPS', app: 'MANAGE_APP' },
    about: async (owner, credentials) => ({
      appId: (await published(owner, credentials)).appId,
      permissions: ['read'],
    }),
    foreign: async (owner, credentials) => ({
      appId: ('clientId' in owner ? await credentials.app() : await appOf(owner, credentials)).appId,
      permissions: ['read'],
    }),
    withoutIt: 'missing',
    managesApps: true,
  },
  'MUTATION inviteAppMember': {
    needs: { app: 'MANAGE_MEMBERS' },
    about: async (owner, credentials) => ({
      ...(await appId(owner, credentials)),
      email: 'new@ours.example',
      permissions: ['VIEW_DELIVERIES'],
    }),
  },
  'MUTATION updateAppMember': {
    needs: { app: 'MANAGE_MEMBERS' },
    about: async (owner, credentials) => ({
      id: await member(owner, credentials),
      permissions: ['MANAGE_WEBHOOK'],
    }),
  },
  'MUTATION removeAppMember': {
    needs: { app: 'MANAGE_MEMBERS' },
    about: async (owner, credentials) => ({ id: await member(owner, credentials) }),
  },
  'MUTATION publishAppVersion': {
    needs: { app: 'PUBLISH_VERSIONS' },
    about: async (owner, credentials) => ({
      ...(await appId(owner, credentials)),
      version: freshName('v'),
      webhookCategories: [],
      dataTypes: [],
    }),
  },
  'MUTATION rotateAppClientSecret': { needs: { app: 'ROTATE_SECRETS' }, about: appId },
  'MUTATION rotateAppWebhookSecret': { needs: { app: 'ROTATE_SECRETS' }, about: appId },
  'MUTATION setAppWebhook': {
    needs: { app: 'MANAGE_WEBHOOK' },
    about: async (owner, credentials) => ({
      ...(await appId(owner, credentials)),
      url: credentials.ours.maker.receiverUrl,
      streams: ['LIFECYCLE'],
    }),
  },
  'MUTATION removeAppWebhook': { needs: { app: 'MANAGE_WEBHOOK' }, about: appId },
};

/** Fields of an app that only members with one of these permissions can see. */
export const appFields: readonly (readonly [field: string, anyOf: readonly string[]])[] = [
  ['clientSecrets { id }', ['ROTATE_SECRETS']],
  ['members { id }', ['MANAGE_MEMBERS']],
  ['invitations { id }', ['MANAGE_MEMBERS']],
  ['webhook { streams }', ['MANAGE_WEBHOOK', 'VIEW_DELIVERIES']],
  ['deliveries { nodes { id } }', ['VIEW_DELIVERIES']],
  ['installations { nodes { id } }', ['VIEW_DELIVERIES']],
  ['webhookAnalytics { recentDeliveries }', ['VIEW_DELIVERIES']],
];
