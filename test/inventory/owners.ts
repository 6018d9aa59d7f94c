import { ask, bearer, type Operation, type Proof, recordOf, textAt } from './ask.ts';

/** An owner of records: a tenant or a partner app. Each act creates something new that belongs to it. */
export type Owner = Readonly<{
  kind: 'TENANT' | 'APP';
  /** The app's id; undefined for a tenant. */
  appId: string | undefined;
  /** Runs a mutation as this owner, with every permission, and returns its payload. */
  act(name: string, input: object, fields: string): Promise<Readonly<Record<string, unknown>>>;
  /** For an app this is its one webhook. */
  endpoint(): Promise<string>;
  /** A test delivery, which is waiting or has failed at once. */
  delivery(end?: 'FAILED'): Promise<Readonly<{ id: string; eventId: string; endpointId: string }>>;
  replayJob(): Promise<string>;
  cancelJob(): Promise<string>;
}>;

export type App = Owner & Readonly<{ appId: string; clientId: string; clientSecret: string }>;

/** How records are created on a server: the credential, and the address of their receiver. */
export type Maker = Readonly<{ origin: string; proof: Proof; receiverUrl: string }>;

/** The payload types of mutations whose names do not tell them. */
const payloads: Readonly<Record<string, string>> = {
  rotateAppClientSecret: 'RotateAppSecretPayload',
  rotateAppWebhookSecret: 'RotateAppSecretPayload',
};
const inputs: Readonly<Record<string, string>> = {
  rotateAppClientSecret: 'RotateAppSecretInput',
  rotateAppWebhookSecret: 'RotateAppSecretInput',
};

export function mutationOf(name: string, input: object, fields = ''): Operation {
  const base = name.charAt(0).toUpperCase() + name.slice(1);
  const payload = fields === '' ? '' : `... on ${payloads[name] ?? `${base}Payload`} { ${fields} }`;
  const document = `mutation ($input: ${inputs[name] ?? `${base}Input`}!) {
    ${name}(input: $input) { __typename ${payload} ... on Error { code message } }
  }`;
  return { document, variables: { input } };
}

let made = 0;
/** A unique name. */
export const freshName = (kind: string) => `${kind}-${++made}`;

export async function act(
  { origin, proof }: Pick<Maker, 'origin' | 'proof'>,
  name: string,
  { input, fields }: { input: object; fields: string },
): Promise<Readonly<Record<string, unknown>>> {
  const result = recordOf(await ask(origin, proof, mutationOf(name, input, fields)));
  if (!textAt(result, '__typename').endsWith('Payload')) {
    throw new Error(`${name} was refused: ${JSON.stringify(result)}`);
  }
  return result;
}

export function tenantOwner(maker: Maker): Owner {
  const run: Owner['act'] = (name, input, fields) => act(maker, name, { input, fields });
  const endpoint = async (isActive = true) => {
    const input = { url: `${maker.receiverUrl}?of=${freshName('endpoint')}`, events: ['*'], isActive };
    return textAt(await run('createEndpoint', input, 'endpoint { id }'), 'endpoint', 'id');
  };
  return {
    kind: 'TENANT',
    appId: undefined,
    act: run,
    endpoint,
    delivery: async (end) => test(run, await endpoint(end !== 'FAILED')),
    replayJob: async () =>
      textAt(await run('replayDeliveries', { filter: { status: [] } }, 'job { id }'), 'job', 'id'),
    cancelJob: async () =>
      textAt(await run('cancelDeliveries', { filter: { status: [] } }, 'job { id }'), 'job', 'id'),
  };
}

/** An app with a webhook. Its creator is its first member and has every permission. */
export async function makeApp(maker: Maker, options: { webhook?: false } = {}): Promise<App> {
  const run: Owner['act'] = (name, input, fields) => act(maker, name, { input, fields });
  const name = freshName('app');
  const created = await run('createApp', { name, source: name }, 'app { id clientId } clientSecret');
  const appId = textAt(created, 'app', 'id');
  const setWebhook = async (isActive: boolean) => {
    const input = {
      appId,
      url: maker.receiverUrl,
      streams: ['LIFECYCLE', 'INSTALLED_TENANT_EVENTS'],
      isActive,
    };
    return textAt(
      await run('setAppWebhook', input, 'webhook { endpoint { id } }'),
      'webhook',
      'endpoint',
      'id',
    );
  };
  if (options.webhook !== false) await setWebhook(true);
  const clientId = textAt(created, 'app', 'clientId');
  const clientSecret = textAt(created, 'clientSecret');
  const jobOf = async (mutation: string) => {
    const proof = bearer(await appToken(maker.origin, { clientId, clientSecret }));
    const input = { filter: { status: [] } };
    const job = await act({ ...maker, proof }, mutation, { input, fields: 'job { id }' });
    return textAt(job, 'job', 'id');
  };
  return {
    kind: 'APP',
    appId,
    clientId,
    clientSecret,
    act: run,
    endpoint: () => setWebhook(true),
    delivery: async (end) => test(run, await setWebhook(end !== 'FAILED')),
    replayJob: () => jobOf('replayDeliveries'),
    cancelJob: () => jobOf('cancelDeliveries'),
  };
}

async function test(run: Owner['act'], endpointId: string) {
  const { delivery } = await run('testEndpoint', { id: endpointId }, 'delivery { id event { id } }');
  const tested = Object(delivery);
  return { id: textAt(tested, 'id'), eventId: textAt(tested, 'event', 'id'), endpointId };
}

/** The app's own access token. */
export async function appToken(
  origin: string,
  { clientId, clientSecret }: Pick<App, 'clientId' | 'clientSecret'>,
): Promise<string> {
  const response = await fetch(`${origin}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    }),
  });
  return textAt(Object(await response.json()), 'access_token');
}

/** Makes a person a member of the app, by invitation. */
export async function addMember(
  maker: Pick<Maker, 'origin'>,
  app: App,
  member: { email: string; permissions: readonly string[]; proof: Proof },
): Promise<string> {
  const { email, permissions, proof } = member;
  const { token } = await app.act('inviteAppMember', { appId: app.appId, email, permissions }, 'token');
  const accepted = await act({ ...maker, proof }, 'acceptAppInvitation', {
    input: { token },
    fields: 'member { id }',
  });
  return textAt(accepted, 'member', 'id');
}

/** Publishes a version. From now on every tenant can see and install the app. */
export function publishVersion(app: App): Promise<Readonly<Record<string, unknown>>> {
  const version = { appId: app.appId, version: freshName('v'), webhookCategories: [], dataTypes: [] };
  return app.act('publishAppVersion', version, 'version { id }');
}
