import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeApiKeyToken } from '../../src/access/api-key-token.ts';
import { createAuthenticator } from '../../src/access/authenticate.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { configWith, createIssuer } from './issuer.ts';
import { addTenant } from './tenants.ts';

let db: TestDatabase;
let tenantId: string;
let jwks: string;
beforeAll(async () => {
  db = await createTestDatabase();
  tenantId = await addTenant(db.database, 'acme');
  ({ jwks } = await createIssuer());
});
afterAll(() => db.drop());

const createOne = (monotonicMs = () => performance.now()) =>
  createAuthenticator({
    config: configWith({ JWT_JWKS: jwks }),
    database: db.database,
    logger: quietLogger,
    monotonicMs,
  });

async function addKey(changed: { expires_at?: Date; revoked_at?: Date; last_used_at?: Date } = {}) {
  const { token, prefix, lastFour, hash } = makeApiKeyToken();
  const id = mintUuid();
  await db.database.query
    .insertInto('api_key')
    .values({
      tenant_id: tenantId,
      id,
      name: 'ci',
      permissions: ['MANAGE_WEBHOOKS'],
      prefix,
      last_four: lastFour,
      token_hash: hash,
      ...changed,
    })
    .execute();
  return { id, authorization: `Bearer ${token}` };
}

const lastUse = async (id: string) =>
  (
    await db.database.query
      .selectFrom('api_key')
      .select('last_used_at')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).last_used_at;

test('an API key is a caller of its own, in its tenant', async () => {
  const expires_at = new Date(Date.now() + 60_000);
  const { id, authorization } = await addKey({ expires_at });
  expect(await createOne().authenticate({ authorization })).toEqual({
    kind: 'API_KEY',
    actorId: encodeId('ApiKey', id),
    label: 'ci',
    permissions: new Set(['MANAGE_WEBHOOKS']),
    tenantId,
    appId: undefined,
    verifiedEmail: undefined,
    expiresAt: expires_at,
  });
});

test('a key that nobody made is invalid', async () => {
  const { token } = makeApiKeyToken();
  await expect(createOne().authenticate({ authorization: `Bearer ${token}` })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    extensions: { reason: 'invalid' },
  });
});

test('a revoked and an expired key say so', async () => {
  const past = new Date(Date.now() - 1000);
  const revoked = await addKey({ revoked_at: past });
  const expired = await addKey({ expires_at: past });
  await expect(createOne().authenticate(revoked)).rejects.toMatchObject({
    extensions: { reason: 'revoked' },
  });
  await expect(createOne().authenticate(expired)).rejects.toMatchObject({
    extensions: { reason: 'expired' },
  });
});

test('a revocation counts after 2 seconds at the latest', async () => {
  const { id, authorization } = await addKey();
  let now = 0;
  const authenticator = createOne(() => now);
  await authenticator.authenticate({ authorization });
  await db.database.query
    .updateTable('api_key')
    .set({ revoked_at: new Date() })
    .where('id', '=', id)
    .execute();
  now = 1_999;
  expect(await authenticator.authenticate({ authorization })).toBeDefined();
  now = 2_000;
  await expect(authenticator.authenticate({ authorization })).rejects.toMatchObject({
    extensions: { reason: 'revoked' },
  });
});

test('the use of a key is noted at most once a minute', async () => {
  const fresh = await addKey();
  const recent = new Date(Date.now() - 30_000);
  const used = await addKey({ last_used_at: recent });
  const long = await addKey({ last_used_at: new Date(Date.now() - 61_000) });
  const authenticator = createOne();
  for (const key of [fresh, used, long]) await authenticator.authenticate(key);
  await authenticator.settled();
  expect((await lastUse(fresh.id))?.getTime()).toBeGreaterThan(recent.getTime());
  expect(await lastUse(used.id)).toEqual(recent);
  expect((await lastUse(long.id))?.getTime()).toBeGreaterThan(recent.getTime());
});

test('a key may not name a tenant, not even its own', async () => {
  const { authorization } = await addKey();
  await expect(createOne().authenticate({ authorization, tenantHeader: 'acme' })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});
