import { type Kysely, sql } from 'kysely';
import { badUserInput } from '../errors.ts';
import { firstUuidAt, lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import type { StatsWindow } from './stats.ts';

export const maxTenantFailures = 100;
/** The number of tenants that have an app installed, and of those that are subscribed. Every change updates them. */
export async function readInstallationCounts(
  db: Kysely<Tables>,
  appId: string,
): Promise<{ installed: number; subscribed: number }> {
  const row = await db
    .selectFrom('app_count')
    .select(['installed', 'subscribed'])
    .where('app_id', '=', appId)
    .executeTakeFirst();
  return row ?? { installed: 0, subscribed: 0 };
}

export type TenantFailures = Readonly<{ tenantId: string; failed: number; lastFailureAt: Date }>;

/**
 * The tenants with the most failures of forwarded events in a window. It reads only failures, from an index that
 * holds nothing else, so its cost depends on them and not on the number of tenants.
 */
export async function readFailuresByTenant(
  db: Kysely<Tables>,
  appId: string,
  { window, first }: { window: StatsWindow; first: number },
): Promise<readonly TenantFailures[]> {
  if (first < 0 || first > maxTenantFailures) {
    throw badUserInput(`\`first\` must be from 0 to ${maxTenantFailures}; it was ${first}.`, {
      argument: 'first',
      limit: maxTenantFailures,
    });
  }
  const { rows } = await sql<TenantFailures>`
    select d.tenant_id as "tenantId", count(*) as failed, max(d.completed_at) as "lastFailureAt"
      from endpoint e
      join delivery d
        on d.owner_id = ${appId} and d.endpoint_id = e.id and d.id > coalesce(e.purged_through, ${lowestUuid})
       and d.id >= ${firstUuidAt(window.since.getTime())}::uuid
       and d.id < ${firstUuidAt(window.until.getTime())}::uuid
     where e.owner_id = ${appId} and e.deleted_at is null
       and d.installation_id is not null and d.failure_reason is not null
     group by d.tenant_id
     order by failed desc, d.tenant_id
     limit ${first}`.execute(db);
  return rows;
}
