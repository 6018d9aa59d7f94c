import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { sealedTokenKeyPlace } from '../../src/access/app-tokens.ts';
import { permissions, platformPermissions } from '../../src/access/permissions.ts';
import { mintUuid } from '../../src/ids.ts';
import { parseKeyRing, SecretBox } from '../../src/signing/secret-box.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { Stage } from '../support/stage.ts';
import { bearer, type Proof, textAt } from './ask.ts';
import {
  type App,
  appToken,
  type Maker,
  makeApp,
  type Owner,
  publishVersion,
  tenantOwner,
} from './owners.ts';

/** The secrets with which the routes for machines are configured here. */
export const secrets = {
  CRON_SECRET: 'cron-0123456789abcdef',
  AUTH_HOOK_SECRET: `whsec_${Buffer.alloc(32, 5).toString('base64')}`,
  TEST_CONTROL_SECRET: 'test-control-0123456789abcdef',
};

/** How a client authenticates to get a token. */
export const basic = ({ clientId, clientSecret }: Pick<App, 'clientId' | 'clientSecret'>): Proof => ({
  authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
});

/** A new tenant with its administrator, who has every permission. */
export type Tenant = Readonly<{ name: string; email: string; maker: Maker; owner: Owner }>;

export type Named = readonly [name: string, proof: Proof];

/** The names of permissions in tokens. */
const claimed = (names: readonly string[]) => names.map((name) => name.toLowerCase());
const all: readonly string[] = permissions;
const ofKeys = all.filter((name) => !platformPermissions.some((platform) => platform === name));
/** One day: revoked credentials were issued before, and expired ones ended before. */
const aWhileAgo = () => Math.floor(Date.now() / 1000) - 86_400;

/** Every kind of credential of a server's callers, valid and invalid. */
export async function openCredentials(stage: Stage, server: Pick<ServerProcess, 'origin'>) {
  const { origin } = server;
  const { issuer, environment } = stage;
  const { url: receiverUrl } = await stage.startReceiver();
  const [ours, others, nobody] = [
    await addTenant('ours'),
    await addTenant('others'),
    await addTenant('nobody'),
  ];
  const registered = { name: 'order.paid', description: 'Paid.', dataType: 'Order', example: {} };
  await ours.owner.act('registerEventType', registered, '__typename');
  const seal = new SecretBox(parseKeyRing(environment.SECRETS_KEYS ?? ''));
  const keys = new Map<string, Promise<string>>();

  async function addTenant(name: string): Promise<Tenant> {
    const email = `admin@${name}.example`;
    const proof = bearer(
      await issuer.sign({ sub: `admin-of-${name}`, tenant: name, email, email_verified: true }),
    );
    const maker = { origin, proof, receiverUrl };
    return { name, email, maker, owner: tenantOwner(maker) };
  }

  /** An API key of our tenant. */
  function apiKey(held: readonly string[]): Promise<string> {
    const name = held.join();
    const known = keys.get(name) ?? makeKey(held).then(({ key }) => key);
    keys.set(name, known);
    return known;
  }

  async function makeKey(held: readonly string[]): Promise<{ id: string; key: string }> {
    const created = await ours.owner.act(
      'createApiKey',
      { name: 'a key', permissions: held },
      'key apiKey { id }',
    );
    return { id: textAt(created, 'apiKey', 'id'), key: textAt(created, 'key') };
  }

  const user = async (held: readonly string[], claims: object = {}) =>
    bearer(await issuer.sign({ sub: 'a-user', tenant: 'ours', permissions: claimed(held), ...claims }));

  const service = async (held: readonly string[], claims: object = {}): Promise<Proof> => ({
    ...(await user(held, { sub: 'a-service', kind: 'service', tenant: undefined, ...claims })),
    'heliograph-tenant': 'ours',
  });

  /** A link to the console, as it is sent to the person who opens it. */
  function link(held: readonly string[]): Promise<Proof> {
    const name = `link ${held.join()}`;
    const known = keys.get(name) ?? makeLink(ours.maker.proof, held);
    keys.set(name, known);
    return known.then(bearer);
  }

  async function makeLink(proof: Proof, held: readonly string[], seconds = 86_400): Promise<string> {
    const { url } = await tenantOwner({ ...ours.maker, proof }).act(
      'createConsoleLink',
      { permissions: held, expiresInSeconds: seconds },
      'url',
    );
    return new URL(String(url)).hash.replace('#token=', '');
  }

  /** The same link, created so long ago that it has expired. */
  function expiredLink(good: string): string {
    const [mark, purpose] = ['hgc_', 'console-link'];
    const contents = JSON.parse(seal.open(Buffer.from(good.slice(mark.length), 'base64url'), purpose));
    const text = JSON.stringify({ ...contents, expiresAt: aWhileAgo() * 1000 });
    return mark + seal.seal(text, purpose).toString('base64url');
  }

  /** A user without permissions for any tenant. Members of apps are identified by their email. */
  const person = (email: string) => user([], { sub: email, tenant: undefined, email, email_verified: true });

  const app = () => makeApp(ours.maker);
  const token = async (of: App): Promise<Proof> => bearer(await appToken(origin, of));

  /** The same token, signed so long ago that it has expired. */
  async function expiredAppToken(good: string): Promise<string> {
    const [row] = await query<{ id: string; sealed: Buffer }>('select id, sealed from app_token_key');
    if (row === undefined) throw new Error('No token was signed yet.');
    const key = Buffer.from(seal.open(row.sealed, sealedTokenKeyPlace(row.id)), 'base64');
    const { alg = '', ...header } = decodeProtectedHeader(good);
    const claims = { ...decodeJwt(good), iat: aWhileAgo() - 900, exp: aWhileAgo() };
    return new SignJWT(claims).setProtectedHeader({ ...header, alg }).sign(key);
  }

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: environment.DATABASE_URL });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Signs messages like the identity provider. */
  function signature(body: string, { secret = secrets.AUTH_HOOK_SECRET, at = new Date() } = {}): Proof {
    const id = mintUuid();
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    };
  }

  async function tell(type: string, data: object): Promise<void> {
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
    const init = { method: 'POST', headers: signature(body), body };
    const { status } = await fetch(`${origin}/internal/auth-hook`, init);
    if (status !== 200) throw new Error(`The auth hook answered ${status}.`);
  }

  /** Each kind of credential after it has expired. */
  async function expired(): Promise<Named[]> {
    const past = { iat: aWhileAgo() - 600, exp: aWhileAgo() };
    const { key } = await makeKey(ofKeys);
    await query(`update api_key set expires_at = now() - interval '1 day' where token_hash = $1`, [
      createHash('sha256').update(key).digest(),
    ]);
    return [
      ['an expired API key', bearer(key)],
      ['an expired JWT of a user', await user(all, past)],
      ['an expired JWT of a service', await service(all, past)],
      ['an expired console link', bearer(expiredLink(await makeLink(ours.maker.proof, ofKeys)))],
      ['an expired app token', bearer(await expiredAppToken(await appToken(origin, await app())))],
    ];
  }

  /** Each kind of credential after it was revoked. */
  async function revoked(): Promise<Named[]> {
    const { id, key } = await makeKey(ofKeys);
    await ours.owner.act('revokeApiKey', { id }, '__typename');
    // These are new credentials, because those above were just used and are still accepted for a moment.
    const linking = await makeKey(ofKeys);
    const linkOfKey = await makeLink(bearer(linking.key), ofKeys);
    await ours.owner.act('revokeApiKey', { id: linking.id }, '__typename');
    const linkOfUser = await makeLink(await user(all, { sub: 'deleted-maker', iat: aWhileAgo() }), ofKeys);
    await tell('user.deleted', { subject: 'deleted-maker' });
    const [deleted, changed] = [
      await user(all, { sub: 'deleted-user', iat: aWhileAgo() }),
      await service(all, { sub: 'changed-service', iat: aWhileAgo() }),
    ];
    await tell('user.deleted', { subject: 'deleted-user' });
    await tell('user.permissions_changed', { subject: 'changed-service' });
    const rotating = await app();
    const old = await token(rotating);
    await rotating.act('rotateAppClientSecret', { appId: rotating.appId, overlapSeconds: 0 }, 'secret');
    return [
      ['a revoked API key', bearer(key)],
      ['the console link of a revoked API key', bearer(linkOfKey)],
      ['the JWT of a deleted user', deleted],
      ['the console link of a deleted user', bearer(linkOfUser)],
      ['the JWT of a service whose permissions changed', changed],
      ['the token of an app whose secret was replaced', old],
    ];
  }

  /** The state of an install link. */
  async function installState(of: App): Promise<string> {
    const { url } = await of.act('createInstallLink', { appId: of.appId, permissions: ['read'] }, 'url');
    return new URL(String(url)).searchParams.get('state') ?? '';
  }

  /** The link of another tenant's administrator, which works only for that tenant. */
  async function foreignState({ appId }: App): Promise<string> {
    const { url } = await others.owner.act('createInstallLink', { appId, permissions: ['read'] }, 'url');
    return new URL(String(url)).searchParams.get('state') ?? '';
  }

  const { oursId } = await ours.owner
    .act('createEndpoint', { url: receiverUrl, events: ['*'] }, 'endpoint { owner { ... on Tenant { id } } }')
    .then((created) => ({ oursId: textAt(created, 'endpoint', 'owner', 'id') }));
  const published = await app();
  await publishVersion(published);
  const proofs: Named[] = [
    ['the cron secret', bearer(secrets.CRON_SECRET)],
    ['an install link', bearer(await installState(published))],
    ['a client secret', basic(published)],
  ];

  return {
    origin,
    issuer,
    ours,
    others,
    nobody,
    all,
    ofKeys,
    key: async (held: readonly string[]) => bearer(await apiKey(held)),
    user,
    service,
    link,
    person,
    app,
    token,
    query,
    signature,
    installState,
    foreignState,
    seal,
    expired: await expired(),
    revoked: await revoked(),
    proofs,
    oursId,
    appOfOthers: makeApp(others.maker),
    emptyApp: makeApp(others.maker, { webhook: false }),
  };
}

export type Credentials = Awaited<ReturnType<typeof openCredentials>>;
