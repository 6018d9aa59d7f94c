import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authenticator, createAuthenticator } from '../../src/access/authenticate.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { configWith, createIssuer, goodClaims, type Issuer } from './issuer.ts';
import { addTenant } from './tenants.ts';

let db: TestDatabase;
let issuer: Issuer;
let authenticator: Authenticator;
beforeAll(async () => {
  db = await createTestDatabase();
  issuer = await createIssuer();
  authenticator = authenticatorWith({ JWT_JWKS: issuer.jwks });
});
afterAll(() => db.drop());

const authenticatorWith = (environment: NodeJS.ProcessEnv) =>
  createAuthenticator({ config: configWith(environment), database: db.database, logger: quietLogger });

const withToken = (token: string, tenantHeader?: string) =>
  authenticator.authenticate({ authorization: `Bearer ${token}`, tenantHeader });

const refusal = (reason: string) => ({ code: 'UNAUTHENTICATED', extensions: { reason } });

describe('a good token', () => {
  test('tells who asks, in whose name, and what they may do', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const actor = await withToken(
      await issuer.sign(
        goodClaims({
          exp,
          email: 'ann@example.com',
          email_verified: true,
          permissions: ['manage_webhooks', 'publish_events'],
        }),
      ),
    );
    expect(actor).toEqual({
      kind: 'USER',
      actorId: 'user-1',
      label: 'ann@example.com',
      permissions: new Set(['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS']),
      tenantId: expect.any(String),
      appId: undefined,
      verifiedEmail: 'ann@example.com',
      issuedAt: expect.any(Date),
      expiresAt: new Date(exp * 1000),
    });
  });

  test('may name permissions that we do not know, and gets none by another spelling', async () => {
    const actor = await withToken(
      await issuer.sign(goodClaims({ permissions: ['fly', 'MANAGE_WEBHOOKS', 'manage_apps'] })),
    );
    expect(actor?.permissions).toEqual(new Set(['MANAGE_APPS']));
  });

  test.each([
    [true, 'ann@example.com'],
    ['true', 'ann@example.com'],
    ['false', undefined],
  ])('proves an email where email_verified is %j as issuers write it', async (verified, proven) => {
    const claims = goodClaims({ email: 'ann@example.com', email_verified: verified });
    expect((await withToken(await issuer.sign(claims)))?.verifiedEmail).toBe(proven);
  });

  test('may name its permissions in one text', async () => {
    const held = async (permissions: string) =>
      [...((await withToken(await issuer.sign(goodClaims({ permissions }))))?.permissions ?? [])].sort();
    expect(await held('manage_webhooks')).toEqual(['MANAGE_WEBHOOKS']);
    expect(await held('publish_events manage_webhooks')).toEqual(['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS']);
    expect(await held('')).toEqual([]);
  });

  test('does not prove an email that was not verified', async () => {
    const actor = await withToken(await issuer.sign(goodClaims({ email: 'ann@example.com' })));
    expect(actor?.verifiedEmail).toBeUndefined();
  });

  test('creates its tenant once, with the head of its log, however many come at once', async () => {
    const token = await issuer.sign(goodClaims({ tenant: 'brand-new' }));
    const others = authenticatorWith({ JWT_JWKS: issuer.jwks });
    const actors = await Promise.all([
      ...Array.from({ length: 10 }, () => withToken(token)),
      ...Array.from({ length: 10 }, () => others.authenticate({ authorization: `Bearer ${token}` })),
    ]);
    expect(new Set(actors.map((actor) => actor?.tenantId)).size).toBe(1);
    const { rows } = await db.database.api.query(
      `select external_id, name, head from tenant join owner_log on owner_id = tenant.id where external_id = 'brand-new'`,
    );
    expect(rows).toEqual([{ external_id: 'brand-new', name: 'brand-new', head: 0 }]);
  });

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('may be signed with %s', async (algorithm) => {
    const other = await createIssuer(algorithm);
    const actor = await authenticatorWith({ JWT_JWKS: other.jwks }).authenticate({
      authorization: `bearer ${await other.sign(goodClaims())}`,
    });
    expect(actor?.actorId).toBe('user-1');
  });

  test('needs no key id while several keys are in the set', async () => {
    const rotating = await createIssuer('ES256', ['old', 'new']);
    const actor = await authenticatorWith({ JWT_JWKS: rotating.jwks }).authenticate({
      authorization: `Bearer ${await rotating.sign(goodClaims(), {})}`,
    });
    expect(actor?.actorId).toBe('user-1');
  });
});

describe('a bad token', () => {
  test.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://elsewhere.example' }],
    ['another audience', { aud: 'elsewhere' }],
    ['no end', { exp: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a start in the future', { nbf: Math.floor(Date.now() / 1000) + 60 }],
    ['a tenant that is no text', { tenant: 7 }],
    ['a tenant with a space', { tenant: 'ac me' }],
    ['permissions that are no list', { permissions: 7 }],
    ['a verified email that is neither true nor false', { email_verified: 'yes' }],
    ['a subject that cannot be stored', { sub: 'a\u0000' }],
    ['a subject that would be stored as another', { sub: 'a\ud800' }],
    ['an address that is displayed as another', { email: '\u202emoc.elpmaxe@nimda' }],
    ['a time of issue that no date has', { iat: -1e14 }],
    ['a time of issue ten minutes ahead', { iat: Math.floor(Date.now() / 1000) + 600 }],
    ['the type of an ID token', { typ: 'ID' }],
    ['the use of an ID token', { token_use: 'id' }],
    ['a claim that ID tokens alone have', { at_hash: 'x' }],
    ['an unknown kind', { kind: 'app' }],
    ['an end beyond all calendars', { exp: 1e300 }],
  ])('with %s is invalid', async (_name, claims) => {
    await expect(withToken(await issuer.sign(goodClaims(claims)))).rejects.toMatchObject(refusal('invalid'));
  });

  test('a token after its time has expired, with 5 seconds for clocks that differ', async () => {
    const now = Math.floor(Date.now() / 1000);
    await expect(withToken(await issuer.sign(goodClaims({ exp: now - 30 })))).rejects.toMatchObject(
      refusal('expired'),
    );
    expect(await withToken(await issuer.sign(goodClaims({ exp: now - 1 })))).toBeDefined();
  });

  test('signed by a stranger is invalid', async () => {
    const stranger = await createIssuer();
    await expect(withToken(await stranger.sign(goodClaims()))).rejects.toMatchObject(refusal('invalid'));
    const unknownKey = await stranger.sign(goodClaims(), { kid: 'unknown' });
    await expect(withToken(unknownKey)).rejects.toMatchObject(refusal('invalid'));
  });

  test('with no signature, or an HMAC made with the public key, is invalid', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    await expect(withToken(`${part({ alg: 'none' })}.${part(goodClaims())}.`)).rejects.toMatchObject(
      refusal('invalid'),
    );
    await expect(
      withToken(`${part({ alg: 'HS256', kid: 'one' })}.${part(goodClaims())}.c2lnbmF0dXJl`),
    ).rejects.toMatchObject(refusal('invalid'));
  });

  test.each(['', 'Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', 'Bearer nonsense', 'Bearer a.b.c'])(
    'as %j is invalid',
    async (authorization) => {
      await expect(authenticator.authenticate({ authorization })).rejects.toMatchObject(refusal('invalid'));
    },
  );

  test('of over 8 KB is not even parsed', async () => {
    const token = await issuer.sign(goodClaims({ padding: 'x'.repeat(9_000) }));
    await expect(withToken(token)).rejects.toMatchObject(refusal('invalid'));
  });
});

test('without a credential nobody asks', async () => {
  expect(await authenticator.authenticate({})).toBeUndefined();
  expect(await authenticator.authenticate({ tenantHeader: 'acme' })).toBeUndefined();
});

describe('the header heliograph-tenant', () => {
  test('lets a service without a tenant ask in the name of one that exists', async () => {
    const id = await addTenant(db.database, 'named');
    const token = await issuer.sign(goodClaims({ kind: 'service', tenant: undefined }));
    expect(await withToken(token, 'named')).toMatchObject({ kind: 'SERVICE', tenantId: id });
    expect(await withToken(token)).toMatchObject({ kind: 'SERVICE', tenantId: undefined });
  });

  test('creates no tenant', async () => {
    const token = await issuer.sign(goodClaims({ kind: 'service', tenant: undefined }));
    await expect(withToken(token, 'misspelt')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(withToken(token, 'no\u0000name')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test.each([
    ['a user', { kind: 'user' }],
    ['a user without a tenant', { kind: 'user', tenant: undefined }],
    ['a service with a tenant', { kind: 'service' }],
  ])('is refused from %s', async (_name, claims) => {
    await expect(withToken(await issuer.sign(goodClaims(claims)), 'acme')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('keys by URL', () => {
  let server: Server;
  let url: string;
  let answer = { status: 200, body: '' };
  beforeAll(async () => {
    server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    url = `http://127.0.0.1:${address.port}/keys`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('are fetched', async () => {
    answer = { status: 200, body: issuer.jwks };
    const actor = await authenticatorWith({ JWT_JWKS_URL: url }).authenticate({
      authorization: `Bearer ${await issuer.sign(goodClaims())}`,
    });
    expect(actor?.actorId).toBe('user-1');
  });

  test.each([
    ['an error', { status: 503, body: 'later' }],
    ['a redirect', { status: 302, body: '' }],
    ['something else', { status: 200, body: '<html>' }],
    ['too much', { status: 200, body: JSON.stringify({ keys: [], filler: 'x'.repeat(1_100_000) }) }],
  ])('that cannot be had, for %s, are a fault of ours, not of the token', async (_what, given) => {
    answer = given;
    const refused = await authenticatorWith({ JWT_JWKS_URL: url })
      .authenticate({ authorization: `Bearer ${await issuer.sign(goodClaims())}` })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(refused).not.toHaveProperty('code', 'UNAUTHENTICATED');
  });
});
