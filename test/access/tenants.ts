import { insertTenant } from '../../src/access/tenant-identity.ts';
import type { Database } from '../../src/db/pool.ts';

export async function addTenant(database: Database, externalId: string): Promise<string> {
  const tenant = await database.query
    .transaction()
    .execute((trx) => insertTenant(trx, { externalId, name: externalId }));
  if (tenant === undefined) throw new Error(`There is a tenant ${externalId} already.`);
  return tenant.id;
}
