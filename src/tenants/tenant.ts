import type { Selectable, Transaction } from 'kysely';
import { type Actor, platformOwnerId } from '../access/actor.ts';
import { externalIdRule, insertTenant, isExternalId } from '../access/tenant-identity.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Database } from '../db/pool.ts';
import { ConflictError, ValidationError, type ValidationIssue } from '../errors.ts';
import type { Tables } from '../tables.ts';
import { isLine, lineRule } from '../text.ts';

export type Tenant = Readonly<{ id: string; externalId: string; name: string; suspendedAt: Date | null }>;

export const maxTenantNameLength = 200;

/** Creates a tenant before its first token is used. Throws ValidationError, or ConflictError for a taken id. */
export async function createTenant(
  trx: Transaction<Tables>,
  input: Readonly<{ externalId: string; name: string }>,
  by: Readonly<{ actor: Actor; requestId: string | undefined }>,
): Promise<Tenant> {
  const name = input.name.trim();
  const issues: ValidationIssue[] = [];
  if (!isExternalId(input.externalId)) {
    issues.push({
      path: ['externalId'],
      code: 'INVALID_EXTERNAL_ID',
      message: `The external id ${externalIdRule}.`,
    });
  }
  if (!isLine(name, maxTenantNameLength)) {
    issues.push({
      path: ['name'],
      code: 'INVALID_NAME',
      message: `The name ${lineRule(maxTenantNameLength)}.`,
    });
  }
  if (issues.length > 0) throw new ValidationError(issues);

  const inserted = await insertTenant(trx, { externalId: input.externalId, name });
  if (inserted === undefined) throw new ConflictError('There is a tenant with this external id already.');
  await appendAudit(trx, {
    ownerId: platformOwnerId,
    ...by,
    action: 'tenant.create',
    targetType: 'Tenant',
    targetId: inserted.id,
    changes: { externalId: input.externalId, name },
  });
  return { id: inserted.id, externalId: input.externalId, name, suspendedAt: null };
}

export async function findTenant(database: Database, externalId: string): Promise<Tenant | undefined> {
  // PostgreSQL does not accept NUL in text, and no tenant has one.
  if (!isExternalId(externalId)) return undefined;
  const row = await database.query
    .selectFrom('tenant')
    .selectAll()
    .where('external_id', '=', externalId)
    .executeTakeFirst();
  return row === undefined ? undefined : toTenant(row);
}

export async function findTenants(database: Database, ids: readonly string[]): Promise<Tenant[]> {
  const rows = await database.query
    .selectFrom('tenant')
    .selectAll()
    .where((where) => where('id', '=', where.fn.any(where.val([...ids]))))
    .execute();
  return rows.map(toTenant);
}

/** The existing tenants among these externalIds, for publishing on their behalf. */
export async function findTenantsByExternalId(
  database: Database,
  externalIds: readonly string[],
): Promise<ReadonlyMap<string, { id: string; isSuspended: boolean }>> {
  const possible = externalIds.filter(isExternalId);
  if (possible.length === 0) return new Map();
  const rows = await database.query
    .selectFrom('tenant')
    .select(['id', 'external_id', 'suspended_at'])
    .where((where) => where('external_id', '=', where.fn.any(where.val(possible))))
    .execute();
  return new Map(
    rows.map((row) => [row.external_id, { id: row.id, isSuspended: row.suspended_at !== null }]),
  );
}

/** A page of all tenants, newest first. */
export async function listTenants(database: Database, page: PageArgs): Promise<Page<Tenant> & Counted> {
  const all = database.query.selectFrom('tenant').selectAll();
  const list = await readPage(pageRange(page, { kind: 'Tenant' }), async (range) => {
    let query = all.orderBy('id', range.backward ? 'asc' : 'desc').limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    return (await query.execute()).map(toTenant);
  });
  return { ...list, count: () => countRows(database.query, all) };
}

function toTenant(row: Selectable<Tables['tenant']>): Tenant {
  return { id: row.id, externalId: row.external_id, name: row.name, suspendedAt: row.suspended_at };
}
