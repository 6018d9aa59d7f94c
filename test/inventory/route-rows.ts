import { expect } from 'vitest';
import { decodeId } from '../../src/ids.ts';
import { sealInstallState } from '../../src/installations/install-state.ts';
import { bearer, type Proof } from './ask.ts';
import { basic, type Credentials, type Named, secrets } from './credentials.ts';
import type { Demo } from './demo.ts';
import { type App, publishVersion } from './owners.ts';

type Setting = Readonly<{ credentials: Credentials; demo: Demo }>;

/** One request to a route, and its expected answer. `kind` is the kind of its credential. */
type Knock = Readonly<{
  kind?: string;
  who: string;
  path: string;
  origin?: string;
  method?: 'GET';
  proof?: Proof;
  body?: string | URLSearchParams;
  status: number;
  code?: string;
}>;

export type RouteRow = Readonly<{
  /** The accepted credentials, stated by hand. Empty means that anybody is answered. */
  auth: readonly string[];
  knocks(setting: Setting): Promise<readonly Knock[]>;
}>;

const bearers = ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK', 'APP'];
const kinds = [
  ...bearers,
  'CRON_SECRET',
  'SIGNATURE',
  'TEST_CONTROL_SECRET',
  'CLIENT_SECRET',
  'INSTALL_STATE',
];

/** A valid credential of every kind. */
async function proofOf(credentials: Credentials, kind: string, body: string): Promise<Proof> {
  const { key, ofKeys, user, all, service, link, token, app, signature, installState } = credentials;
  const published = async (): Promise<App> => {
    const made = await app();
    await publishVersion(made);
    return made;
  };
  const proofs: Readonly<Record<string, () => Proof | Promise<Proof>>> = {
    API_KEY: () => key(ofKeys),
    USER: () => user(all),
    SERVICE: () => service(all),
    CONSOLE_LINK: () => link(ofKeys),
    APP: async () => token(await app()),
    CRON_SECRET: () => bearer(secrets.CRON_SECRET),
    SIGNATURE: () => signature(body),
    TEST_CONTROL_SECRET: () => ({ 'x-test-control': secrets.TEST_CONTROL_SECRET }),
    CLIENT_SECRET: async () => basic(await app()),
    INSTALL_STATE: async () => bearer(await installState(await published())),
  };
  return (await proofs[kind]?.()) ?? {};
}

type Template = Omit<Knock, 'who' | 'kind' | 'proof' | 'status' | 'code'>;
type Outcome = Pick<Knock, 'status' | 'code'>;

/** The same request with each of these credentials. */
async function withEach(
  { credentials }: Setting,
  { of, template, outcome }: { of: readonly string[]; template: Template; outcome: Outcome },
): Promise<Knock[]> {
  const body = String(template.body ?? '');
  return Promise.all(
    of.map(async (kind) => ({
      ...template,
      ...outcome,
      kind,
      who: `a good ${kind}`,
      proof: await proofOf(credentials, kind, body),
    })),
  );
}

const but = (...named: readonly string[]) => kinds.filter((kind) => !named.includes(kind));
const named = (given: readonly Named[], template: Template, outcome: Outcome): Knock[] =>
  given.map(([who, proof]) => ({ ...template, ...outcome, who, proof }));
const noCredential = (template: Template, outcome: Outcome): Knock => ({
  ...template,
  ...outcome,
  who: 'nobody',
});

function open(path: string, status = 200): RouteRow {
  return {
    auth: [],
    async knocks(setting) {
      const template = { path, method: 'GET' } as const;
      const { expired, revoked } = setting.credentials;
      const outcome = { status };
      return [
        noCredential(template, outcome),
        ...(await withEach(setting, { of: kinds, template, outcome })),
        ...named([...expired, ...revoked], template, outcome),
      ];
    },
  };
}

const refused = { status: 401, code: 'UNAUTHENTICATED' };

function graphql(method: 'GET' | 'POST'): RouteRow {
  const query = '{ viewer { kind } }';
  const template: Template =
    method === 'GET'
      ? { path: `/graphql?query=${encodeURIComponent(query)}`, method }
      : { path: '/graphql', body: JSON.stringify({ query }) };
  return {
    auth: bearers,
    async knocks(setting) {
      const { expired, revoked } = setting.credentials;
      return [
        ...(await withEach(setting, { of: bearers, template, outcome: { status: 200 } })),
        ...(await withEach(setting, { of: but(...bearers), template, outcome: refused })),
        ...named([...expired, ...revoked], template, refused),
        noCredential(template, refused),
      ];
    },
  };
}

/** A route with its own kind of credential. The refusal is the same whatever is wrong with it. */
function machine(options: {
  auth: string;
  template: Template;
  refusal?: Outcome;
  good?: (setting: Setting, body: string) => Proof | Promise<Proof>;
  bad(setting: Setting, body: string): readonly Named[] | Promise<readonly Named[]>;
}): RouteRow {
  const { auth, template, refusal = refused } = options;
  const body = String(template.body ?? '');
  return {
    auth: [auth],
    async knocks(setting) {
      const { credentials } = setting;
      const proof = await (options.good ?? (() => proofOf(credentials, auth, body)))(setting, body);
      return [
        ...(await withEach(setting, { of: but(auth), template, outcome: refusal })),
        ...named([...credentials.expired, ...credentials.revoked], template, refusal),
        ...named(await options.bad(setting, body), template, refusal),
        noCredential(template, refusal),
        { ...template, kind: auth, who: `a good ${auth}`, proof, status: 200 },
      ];
    },
  };
}

const sixMinutes = 360_000;
const anotherSecret = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
const hookMessage = { type: 'user.renamed', timestamp: new Date().toISOString(), data: {} };
const formOf = (grant: string) => new URLSearchParams({ grant_type: grant });

const badSignatures = (setting: Setting, body: string, secret?: string): Named[] => {
  const { signature } = setting.credentials;
  const own = secret === undefined ? {} : { secret };
  return [
    ['a signature of another secret', signature(body, { secret: anotherSecret })],
    ['a signature that is too old', signature(body, { ...own, at: new Date(Date.now() - sixMinutes) })],
    ['a signature from the future', signature(body, { ...own, at: new Date(Date.now() + sixMinutes) })],
    ['the signature of another body', signature(`${body} `, own)],
  ];
};

const openPaths =
  '/ /console /console/graphiql /docs /docs/schema /docs/style.css /healthz /metrics /readyz /schema.graphql'.split(
    ' ',
  );

export const routeRows: Readonly<Record<string, RouteRow>> = {
  ...Object.fromEntries(openPaths.map((path) => [`GET ${path}`, open(path)])),
  'GET /docs/:guide': open('/docs/configure'),
  // These lead to the same address without the last slash.
  'GET /console/': open('/console/'),
  'GET /console/:view/': open('/console/deliveries/'),
  'GET /console/:view/:id/': open('/console/events/evt_1/'),
  'GET /console/:view': open('/console/deliveries'),
  'GET /console/:view/:id': open('/console/events/evt_1'),
  'GET /console/assets/:file': open('/console/assets/none.js', 404),
  'GET /graphql': graphql('GET'),
  'POST /graphql': graphql('POST'),
  'POST /internal/cron/:job': machine({
    auth: 'CRON_SECRET',
    template: { path: '/internal/cron/usage-rollup' },
    good: () => ({ ...bearer(secrets.CRON_SECRET), 'idempotency-key': 'run-1' }),
    bad: () => [
      ['a secret cut short', bearer(secrets.CRON_SECRET.slice(0, -1))],
      ['another route’s secret', bearer(secrets.TEST_CONTROL_SECRET)],
    ],
  }),
  'POST /internal/test-control': machine({
    auth: 'TEST_CONTROL_SECRET',
    template: {
      path: '/internal/test-control',
      body: JSON.stringify({ action: 'advance', tenant: 'nobody' }),
    },
    bad: () => [
      ['a secret cut short', { 'x-test-control': secrets.TEST_CONTROL_SECRET.slice(0, -1) }],
      ['another route’s secret', { 'x-test-control': secrets.CRON_SECRET }],
    ],
  }),
  'POST /internal/auth-hook': machine({
    auth: 'SIGNATURE',
    template: { path: '/internal/auth-hook', body: JSON.stringify(hookMessage) },
    bad: badSignatures,
  }),
  'POST /oauth/token': machine({
    auth: 'CLIENT_SECRET',
    template: { path: '/oauth/token', body: formOf('client_credentials') },
    refusal: { status: 401, code: 'invalid_client' },
    async bad({ credentials }) {
      const [one, other, deleted] = [
        await credentials.app(),
        await credentials.app(),
        await credentials.app(),
      ];
      await one.act('rotateAppClientSecret', { appId: one.appId, overlapSeconds: 0 }, 'secret');
      await deleted.act('deleteApp', { id: deleted.appId }, 'id');
      return [
        ['a secret that was replaced', basic(one)],
        ['another app’s secret', basic({ ...one, clientSecret: other.clientSecret })],
        ['a deleted app', basic(deleted)],
      ];
    },
  }),
  'POST /demo/receiver': {
    auth: ['SIGNATURE'],
    async knocks(setting) {
      const { origin, secret } = setting.demo;
      const body = JSON.stringify({ type: 'demo.greeted', timestamp: new Date().toISOString(), data: {} });
      const template = { origin, path: '/demo/receiver', body };
      const refusal = { status: 401 };
      const { signature, expired } = setting.credentials;
      return [
        ...(await withEach(setting, { of: but('SIGNATURE'), template, outcome: refusal })),
        ...named([...expired, ...badSignatures(setting, body, secret)], template, refusal),
        noCredential(template, refusal),
        {
          ...template,
          kind: 'SIGNATURE',
          who: 'the sender',
          proof: signature(body, { secret }),
          status: 200,
        },
      ];
    },
  },
  'GET /install/callback': {
    auth: ['INSTALL_STATE'],
    async knocks(setting) {
      const { good, bad } = await installStates(setting.credentials);
      const page = (state: string): Template => ({ path: `/install/callback?state=${state}`, method: 'GET' });
      const outcome = { status: 400 };
      return [
        { ...page(good), kind: 'INSTALL_STATE', who: 'a good link', status: 200 },
        ...bad.map(([who, state]) => ({ ...page(state), who, ...outcome })),
        ...(await withEach(setting, { of: but('INSTALL_STATE'), template: page(''), outcome })),
      ];
    },
  },
  'POST /install/callback': {
    auth: ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK'],
    knocks: confirmations,
  },
};

/** A valid link, and links that are not valid or no longer valid. */
async function installStates(credentials: Credentials) {
  const { app, installState, seal, user, origin } = credentials;
  const made = await app();
  await publishVersion(made);
  const used = await installState(made);
  await fetch(`${origin}/install/callback`, {
    method: 'POST',
    headers: await user(['MANAGE_APPS']),
    body: JSON.stringify({ state: used }),
  });
  const contents = {
    appId: decodeId('App', made.appId) ?? '',
    tenantId: null,
    permissions: [],
    expiresAt: Date.now() + 60_000,
  };
  const good = await installState(made);
  const bad: readonly (readonly [who: string, state: string])[] = [
    ['no link', ''],
    ['one that was changed', `${good.slice(0, -2)}AA`],
    ['one that was used', used],
    ['one that has expired', sealInstallState(seal, { ...contents, expiresAt: Date.now() - 1 })],
    ['one of another purpose', seal.seal(JSON.stringify(contents), 'another').toString('base64url')],
  ];
  return { good, bad };
}

async function confirmations({ credentials }: Setting): Promise<Knock[]> {
  const { app, key, ofKeys, user, service, link, token, all, installState, expired, revoked, others } =
    credentials;
  const fresh = async () => {
    const made = await app();
    await publishVersion(made);
    return made;
  };
  const bodyOf = (state: string) => ({ path: '/install/callback', body: JSON.stringify({ state }) });
  const state = await installState(await fresh());
  const needed = ['MANAGE_APPS'];
  const lacking = (held: readonly string[]) => held.filter((name) => name !== 'MANAGE_APPS');
  const forbidden = { status: 403, code: 'FORBIDDEN' };
  const { bad } = await installStates(credentials);
  const theirsAlone = await credentials.foreignState(await fresh());
  const knock = async (kind: string, proof: Proof): Promise<Knock> => ({
    ...bodyOf(await installState(await fresh())),
    kind,
    who: `${kind} with MANAGE_APPS alone`,
    proof,
    status: 200,
  });
  return [
    ...named([...expired, ...revoked, ...credentials.proofs], bodyOf(state), refused),
    noCredential(bodyOf(state), refused),
    ...named(
      [
        ['a key without the permission', await key(lacking(ofKeys))],
        ['a user without the permission', await user(lacking(all))],
        ['a service without the permission', await service(lacking(all))],
        ['a console link without the permission', await link(lacking(ofKeys))],
        ['an app’s own token', await token(await app())],
        ['an administrator of no tenant', await user(needed, { tenant: undefined })],
      ],
      bodyOf(state),
      forbidden,
    ),
    ...bad.map(([who, text]) => ({
      ...bodyOf(text),
      who,
      proof: others.maker.proof,
      status: 400,
      code: 'INVALID_STATE',
    })),
    {
      ...bodyOf(theirsAlone),
      who: 'a link of another tenant',
      proof: await user(needed),
      status: 400,
      code: 'INVALID_STATE',
    },
    await knock('API_KEY', await key(needed)),
    await knock('USER', await user(needed)),
    await knock('SERVICE', await service(needed)),
    await knock('CONSOLE_LINK', await link(needed)),
  ];
}

/** Makes every call. Returns the number of calls. */
export async function proveRoute(setting: Setting, row: RouteRow): Promise<number> {
  const knocks = await row.knocks(setting);
  for (const { who, path, origin, method = 'POST', proof = {}, body, status, code } of knocks) {
    const response = await fetch(`${origin ?? setting.credentials.origin}${path}`, {
      method,
      headers: {
        ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
        ...proof,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    expect([response.status, code === undefined ? undefined : codeIn(text)], who).toEqual([status, code]);
  }
  const letIn = knocks.filter(({ status }) => status === 200).map(({ kind }) => kind);
  expect(letIn).toEqual(expect.arrayContaining([...row.auth]));
  return knocks.length;
}

function codeIn(text: string): unknown {
  const { error, errors }: { error?: unknown; errors?: unknown } = JSON.parse(text);
  if (typeof error === 'string') return error;
  return Object(error ?? Object(Object(errors)[0]).extensions).code;
}
