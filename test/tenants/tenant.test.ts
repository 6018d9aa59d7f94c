import { afterAll, beforeAll, expect, test } from 'vitest';
import { platformOwnerId } from '../../src/access/actor.ts';
import { listAudit } from '../../src/audit/list-audit.ts';
import { encodeId } from '../../src/ids.ts';
import { createTenant, findTenant, findTenants, listTenants } from '../../src/tenants/tenant.ts';
import { serviceActor } from '../access/actors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const create = (input: { externalId: string; name: string }) =>
  db.database.query
    .transaction()
    .execute((trx) => createTenant(trx, input, { actor: serviceActor(), requestId: 'request-1' }));

test('a tenant is created with the head of its log and an audit entry of the platform', async () => {
  const tenant = await create({ externalId: 'acme', name: ' Acme ' });
  expect(tenant).toEqual({ id: expect.any(String), externalId: 'acme', name: 'Acme', suspendedAt: null });
  expect(await findTenant(db.database, 'acme')).toEqual(tenant);
  expect(await findTenants(db.database, [tenant.id, platformOwnerId])).toEqual([tenant]);
  const heads = await db.database.query
    .selectFrom('owner_log')
    .select('head')
    .where('owner_id', '=', tenant.id)
    .execute();
  expect(heads).toEqual([{ head: 0 }]);
  const targetId = encodeId('Tenant', tenant.id);
  const { rows } = await listAudit(db.database, platformOwnerId, { page: {}, filter: { targetId } });
  expect(rows).toMatchObject([{ action: 'tenant.create', changes: { externalId: 'acme', name: 'Acme' } }]);
});

test('a taken external id is a conflict, and nothing is audited', async () => {
  await create({ externalId: 'taken', name: 'First' });
  await expect(create({ externalId: 'taken', name: 'Second' })).rejects.toMatchObject({ code: 'CONFLICT' });
  const { rows } = await listAudit(db.database, platformOwnerId, { page: {} });
  expect(rows.filter(({ changes }) => JSON.stringify(changes).includes('taken'))).toHaveLength(1);
});

test('every broken rule is named', async () => {
  await expect(create({ externalId: 'a b', name: ' ' })).rejects.toMatchObject({
    issues: [{ path: ['externalId'] }, { path: ['name'] }],
  });
  for (const externalId of ['', 'x'.repeat(201), 'é', 'nul\u0000']) {
    await expect(create({ externalId, name: 'x' })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  }
});

test('an external id that nobody has, or could have, finds nothing', async () => {
  expect(await findTenant(db.database, 'nobody')).toBeUndefined();
  expect(await findTenant(db.database, 'nul\u0000')).toBeUndefined();
});

test('tenants are listed newest first', async () => {
  const newest = await create({ externalId: 'newest', name: 'Newest' });
  const page = await listTenants(db.database, { first: 1 });
  expect(page).toMatchObject({ rows: [newest], hasNextPage: true, hasPreviousPage: false });
});
