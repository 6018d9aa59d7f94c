import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Permission, permissions } from '../../src/access/permissions.ts';
import { listAudit } from '../../src/audit/list-audit.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { findApiKeys, listApiKeys } from '../../src/tenants/api-key.ts';
import { createApiKey } from '../../src/tenants/create-api-key.ts';
import { revokeApiKey } from '../../src/tenants/revoke-api-key.ts';
import { serviceActor } from '../access/actors.ts';
import { addTenant } from '../access/tenants.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { limitsWith } from '../support/limits.ts';

let db: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  tenantId = await addTenant(db.database, mintUuid());
});
afterAll(() => db.drop());

const by = (granted: readonly Permission[] = permissions, tenant = tenantId) => ({
  tenantId: tenant,
  actor: serviceActor(tenant, granted),
  requestId: 'request-1',
  limits: limitsWith(),
});

const create = (input: Partial<Parameters<typeof createApiKey>[1]> = {}, creator = by()) =>
  db.database.query
    .transaction()
    .execute((trx) => createApiKey(trx, { name: 'ci', permissions: ['MANAGE_WEBHOOKS'], ...input }, creator));
const revoke = (id: string, revoker = by()) =>
  db.database.query.transaction().execute((trx) => revokeApiKey(trx, id, revoker));
const actions = async () =>
  (await listAudit(db.database, tenantId, { page: {} })).rows.map(({ action }) => action);

test('a key is shown once and kept as a hash', async () => {
  const { apiKey, key } = await create({
    permissions: ['PUBLISH_EVENTS', 'MANAGE_WEBHOOKS', 'PUBLISH_EVENTS'],
  });
  expect(key).toMatch(/^hgk_[0-9A-Za-z]{43}$/);
  expect(apiKey).toEqual({
    id: expect.any(String),
    name: 'ci',
    permissions: ['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS'],
    prefix: key.slice(0, 12),
    lastFour: key.slice(-4),
    lastUsedAt: null,
    expiresAt: null,
    revokedAt: null,
  });
  expect(await findApiKeys(db.database, tenantId, [apiKey.id])).toEqual([apiKey]);
  const { rows } = await db.database.api.query(
    'select api_key::text from api_key union all select audit_entry::text from audit_entry',
  );
  expect(JSON.stringify(rows)).not.toContain(key);
  expect(await actions()).toEqual(['api_key.create']);
});

test('a key can do at most what its creator can, and nothing beyond its tenant', async () => {
  const asked = ['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS', 'MANAGE_TENANTS', 'MANAGE_EVENT_TYPES'] as const;
  await expect(
    create({ permissions: asked }, by(['MANAGE_WEBHOOKS', 'MANAGE_TENANTS'])),
  ).rejects.toMatchObject({
    issues: [
      {
        path: ['permissions', 1],
        code: 'PERMISSION_NOT_HELD',
        message: expect.stringContaining('PUBLISH_EVENTS'),
      },
      { path: ['permissions', 2], code: 'PERMISSION_NOT_FOR_KEYS' },
      { path: ['permissions', 3], code: 'PERMISSION_NOT_FOR_KEYS' },
    ],
  });
  expect(await actions()).toEqual([]);
});

test.each([
  ['no name', { name: ' ' }, 'name'],
  ['a long name', { name: 'x'.repeat(101) }, 'name'],
  ['no permission', { permissions: [] }, 'permissions'],
  ['an end that is over', { expiresAt: new Date(Date.now() - 1) }, 'expiresAt'],
])('a key with %s is refused', async (_name, input, path) => {
  await expect(create(input)).rejects.toMatchObject({ issues: [{ path: [path] }] });
});

test('a tenant has at most 100 live keys, however many are asked for at once', async () => {
  await db.database.api.query(
    `insert into api_key (tenant_id, id, name, permissions, prefix, last_four, token_hash, revoked_at, expires_at)
     select $1::uuid, gen_random_uuid(), 'n', '{}', '', '', sha256(($1::uuid::text || n)::bytea),
            case when n > 108 then now() end, case when n between 99 and 108 then now() end
       from generate_series(1, 120) n`,
    [tenantId],
  );
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => create()));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(results.filter(({ status }) => status === 'rejected')).toMatchObject(
    Array(4).fill({ reason: { code: 'LIMIT_EXCEEDED', limit: 100 } }),
  );
});

test('a revoked key stays revoked, and revoking it again changes nothing', async () => {
  const { apiKey } = await create();
  const id = encodeId('ApiKey', apiKey.id);
  const revoked = await revoke(id);
  expect(revoked).toEqual({ ...apiKey, revokedAt: expect.any(Date) });
  expect(await revoke(id)).toEqual(revoked);
  expect(await actions()).toEqual(['api_key.revoke', 'api_key.create']);
});

test("an unknown key and another tenant's are missing alike", async () => {
  const { apiKey } = await create();
  const foreign = by(permissions, await addTenant(db.database, mintUuid()));
  const id = encodeId('ApiKey', apiKey.id);
  for (const [missingId, revoker] of [
    [id, foreign],
    ['nonsense', by()],
    [encodeId('ApiKey', mintUuid()), by()],
  ] as const) {
    await expect(revoke(missingId, revoker)).rejects.toMatchObject({ code: 'NOT_FOUND', missingId });
  }
  expect(await findApiKeys(db.database, foreign.tenantId, [apiKey.id])).toEqual([]);
  expect(await findApiKeys(db.database, tenantId, [apiKey.id])).toEqual([apiKey]);
});

test('keys are listed newest first, the revoked among them', async () => {
  const [first, second] = [await create(), await create()];
  await revoke(encodeId('ApiKey', first.apiKey.id));
  const { rows } = await listApiKeys(db.database, tenantId, {});
  expect(rows.map(({ id }) => id)).toEqual([second.apiKey.id, first.apiKey.id]);
});
