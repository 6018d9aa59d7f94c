import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { AppTokens } from '../../src/access/app-tokens.ts';
import { createAuthenticator } from '../../src/access/authenticate.ts';
import { clientIdOf } from '../../src/access/client-id.ts';
import { oauthTokenRoute } from '../../src/apps/oauth-token.ts';
import { databaseNow, setClockOffset } from '../../src/clock.ts';
import type { Route } from '../../src/route.ts';
import { configWith } from '../access/issuer.ts';
import { quietLogger } from '../support/database.ts';
import { type Apps, type Made, openApps } from './room.ts';

let apps: Apps;
let owner: Actor;
let app: Made;
let clientId: string;
let route: Route;
/** For results that are kept for two seconds. */
let monotonicMs = 0;

beforeAll(async () => {
  apps = await openApps();
  owner = apps.user('owner@partner.example', await apps.addTenant('partner'));
  app = await apps.makeApp(owner, 'mirror');
  clientId = clientIdOf(app.uuid);
  route = oauthTokenRoute({ database: apps.database, appTokens: newTokens() });
});
afterAll(() => apps.close());

/** The same services as in another process. */
const newTokens = () =>
  new AppTokens({ database: apps.database, secretBox: apps.box, monotonicMs: () => monotonicMs });

const authenticatorOf = (appTokens: AppTokens) =>
  createAuthenticator({ config: configWith({}), database: apps.database, logger: quietLogger, appTokens });

type Answer = { status: number; headers: Readonly<Record<string, string>>; body: Record<string, unknown> };

async function post(
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const {
    status,
    headers: answered = {},
    body,
  } = await route.handle({
    method: 'POST',
    path: '/oauth/token',
    parameters: {},
    query: new URLSearchParams(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    headersDistinct: {},
    body: Buffer.from(typeof form === 'string' ? form : new URLSearchParams(form).toString()),
    requestId: 'req-1',
  });
  return { status, headers: answered, body: JSON.parse(JSON.stringify(body)) };
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});
const posted = (changed: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: clientId,
  client_secret: app.clientSecret,
  ...changed,
});

async function tokenOf(secret = app.clientSecret): Promise<string> {
  const { body } = await post(posted({ client_secret: secret }));
  return String(body.access_token);
}

test('client_secret_post and client_secret_basic give a token that nobody may cache', async () => {
  const answers = [
    await post(posted()),
    await post({ grant_type: 'client_credentials' }, basic(clientId, app.clientSecret)),
    // A parameter without a value counts as left out: RFC 6749, section 3.2.
    await post(
      { grant_type: 'client_credentials', client_id: '', client_secret: '' },
      basic(clientId, app.clientSecret),
    ),
  ];
  for (const { status, headers, body } of answers) {
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'view_deliveries manage_webhook',
    });
  }
});

test('a token for a narrower scope holds just that', async () => {
  const { status, body } = await post(posted({ scope: 'view_deliveries' }));
  expect([status, body.scope]).toEqual([200, 'view_deliveries']);
  const actor = await newTokens().authenticate(String(body.access_token));
  expect([...(actor.appScopes ?? [])]).toEqual(['VIEW_DELIVERIES']);
  const read = `{ app(id: "${app.id}") { deliveries { nodes { id } } } }`;
  expect((await apps.ask(actor, read)).errors).toBeUndefined();
  const change = `mutation { replayDeliveries(input: { filter: {} }) { __typename } }`;
  expect((await apps.ask(actor, change)).errors?.[0]?.message).toContain('MANAGE_WEBHOOK');
});

test('refusals are those of RFC 6749', async () => {
  const refused = async (answer: Promise<Answer>) => {
    const { status, headers, body } = await answer;
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['www-authenticate'] !== undefined).toBe(status === 401);
    return [status, body.error];
  };
  expect(await refused(post(posted({ client_secret: 'hgs_wrong' })))).toEqual([401, 'invalid_client']);
  expect(await refused(post(posted({ client_id: 'client_nobody' })))).toEqual([401, 'invalid_client']);
  expect(await refused(post({ grant_type: 'client_credentials' }))).toEqual([401, 'invalid_client']);
  expect(await refused(post({ grant_type: 'client_credentials' }, { authorization: 'Basic !' }))).toEqual([
    401,
    'invalid_client',
  ]);
  expect(await refused(post({ grant_type: 'client_credentials' }, basic(clientId, '')))).toEqual([
    401,
    'invalid_client',
  ]);
  expect(await refused(post(posted(), basic(clientId, app.clientSecret)))).toEqual([400, 'invalid_request']);
  expect(await refused(post(posted({ grant_type: 'password' })))).toEqual([400, 'unsupported_grant_type']);
  expect(await refused(post(posted({ grant_type: '' })))).toEqual([400, 'invalid_request']);
  expect(await refused(post(posted({ scope: 'view_deliveries rotate_secrets' })))).toEqual([
    400,
    'invalid_scope',
  ]);
  expect(await refused(post('grant_type=a&grant_type=b'))).toEqual([400, 'invalid_request']);
  expect(await refused(post('{}', { 'content-type': 'application/json' }))).toEqual([400, 'invalid_request']);
});

test('of thousands of parameters, those that are not known are ignored, and none may be given twice', async () => {
  const form = `${new URLSearchParams(posted())}&${Array.from({ length: 3_000 }, (_, n) => n.toString(36)).join('&')}`;
  expect((await post(form)).status).toBe(200);
  expect(await post(`${form}&1`)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
});

test('any process takes what another has signed; two that start together agree on the key', async () => {
  await apps.database.api.query('delete from app_token_key');
  const [one, two] = [newTokens(), newTokens()];
  const secret = async () => {
    const { rows } = await apps.database.api.query<{ id: string }>(
      'select id from app_client_secret where app_id = $1',
      [app.uuid],
    );
    return { appId: app.uuid, id: rows[0]?.id ?? '', expiresAt: undefined };
  };
  const tokens = await Promise.all([one.issue(await secret()), two.issue(await secret())]);
  for (const { token } of tokens) {
    for (const verifier of [one, two, newTokens()]) {
      const actor = await authenticatorOf(verifier).authenticate({ authorization: `Bearer ${token}` });
      expect(actor).toMatchObject({ kind: 'APP', appId: app.uuid, actorId: clientId, tenantId: undefined });
    }
  }
  const { rows } = await apps.database.api.query('select count(*)::int as n from app_token_key');
  expect(rows).toEqual([{ n: 1 }]);
  route = oauthTokenRoute({ database: apps.database, appTokens: newTokens() });
});

test('a token that was changed, or signed by somebody else, is not valid', async () => {
  const token = await tokenOf();
  const [head, payload] = token.split('.');
  const other = new AppTokens({ database: apps.database, secretBox: apps.box });
  for (const bad of [`${head}.${payload}.AAAA`, `${head}.e30.AAAA`, `${token}x`]) {
    await expect(
      authenticatorOf(other).authenticate({ authorization: `Bearer ${bad}` }),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  }
});

test('it expires after 15 minutes', async () => {
  const token = await tokenOf();
  const offset = databaseNow() - Date.now();
  setClockOffset(offset + 901_000);
  await expect(newTokens().authenticate(token)).rejects.toMatchObject({ extensions: { reason: 'expired' } });
  setClockOffset(offset);
});

test('a rotated secret works on for its overlap, and its tokens no longer; one revoked at once takes them along', async () => {
  const old = await tokenOf();
  const rotate = (overlapSeconds: number) =>
    apps.act<{ secret: string }>(owner, 'rotateAppClientSecret', {
      input: { appId: app.id, overlapSeconds },
      fields: 'secret',
    });
  const first = await rotate(60);
  const { body } = await post(posted());
  expect(body.expires_in).toBeLessThanOrEqual(60);
  const tokens = newTokens();
  const actor = await tokens.authenticate(old);
  expect(actor.expiresAt?.getTime()).toBeLessThan(Date.now() + 61_000);
  apps.grantWatch.start();
  const grant = apps.grantWatch.watch(actor);
  const second = await rotate(0);
  monotonicMs += 2_001;
  await expect(tokens.authenticate(old)).rejects.toMatchObject({ extensions: { reason: 'revoked' } });
  expect((await post(posted({ client_secret: first.secret }))).body.error).toBe('invalid_client');
  expect((await post(posted({ client_secret: second.secret }))).status).toBe(200);
  if (!grant.signal.aborted) await new Promise((resolve) => grant.signal.addEventListener('abort', resolve));
  expect(grant.signal.reason).toMatchObject({ extensions: { reason: 'revoked' } });
});

test('a deleted app has no token any more', async () => {
  const gone = await apps.makeApp(owner, 'gone');
  const form = {
    grant_type: 'client_credentials',
    client_id: clientIdOf(gone.uuid),
    client_secret: gone.clientSecret,
  };
  const { body } = await post(form);
  expect(await apps.act(owner, 'deleteApp', { input: { id: gone.id } })).toMatchObject({
    __typename: 'DeleteAppPayload',
  });
  await expect(newTokens().authenticate(String(body.access_token))).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
  expect((await post(form)).body.error).toBe('invalid_client');
});
