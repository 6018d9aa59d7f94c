import type { Selectable } from 'kysely';
import { type Permission, permissions } from '../access/permissions.ts';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Database } from '../db/pool.ts';
import type { Tables } from '../tables.ts';

/** The part of a key that may be shown; never the key itself. */
export type ApiKey = Readonly<{
  id: string;
  name: string;
  permissions: readonly Permission[];
  prefix: string;
  lastFour: string;
  lastUsedAt: Date | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
}>;

/** The tenant's keys by id. Another tenant's keys read as missing. */
export async function findApiKeys(
  database: Database,
  tenantId: string,
  ids: readonly string[],
): Promise<ApiKey[]> {
  const rows = await database.query
    .selectFrom('api_key')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where((where) => where('id', '=', where.fn.any(where.val([...ids]))))
    .execute();
  return rows.map(toApiKey);
}

/** A page of a tenant's keys, newest first, including revoked and expired ones. */
export async function listApiKeys(
  database: Database,
  tenantId: string,
  page: PageArgs,
): Promise<Page<ApiKey> & Counted> {
  const all = database.query.selectFrom('api_key').selectAll().where('tenant_id', '=', tenantId);
  const list = await readPage(pageRange(page, { kind: 'ApiKey', ownerId: tenantId }), async (range) => {
    let query = all.orderBy('id', range.backward ? 'asc' : 'desc').limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    return (await query.execute()).map(toApiKey);
  });
  return { ...list, count: () => countRows(database.query, all) };
}

export function toApiKey(row: Selectable<Tables['api_key']>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    permissions: permissions.filter((permission) => row.permissions.includes(permission)),
    prefix: row.prefix,
    lastFour: row.last_four,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
