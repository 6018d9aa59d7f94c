import { sql, type Transaction } from 'kysely';
import type { Tables } from '../tables.ts';

/**
 * `app_forward` says which apps receive which of a tenant's events, by category. Publishing reads it. It is derived
 * from the live, subscribed installations and the apps' published versions, and is updated in the same transaction as
 * either of them. The app is locked meanwhile, so that a new version and a new installation cannot miss each other.
 */
export async function addForwards(
  trx: Transaction<Tables>,
  installation: { appId: string; id: string; tenantId: string },
): Promise<void> {
  await sql`
    insert into app_forward (tenant_id, category, app_id, installation_id, data_types)
    select ${installation.tenantId}, category, v.app_id, ${installation.id}, v.data_types
      from app_version v cross join lateral unnest(v.webhook_categories) as category
     where v.app_id = ${installation.appId} and v.status = 'PUBLISHED'
    on conflict (tenant_id, category, app_id) do update
      set installation_id = excluded.installation_id, data_types = excluded.data_types`.execute(trx);
}

export async function removeForwards(
  trx: Transaction<Tables>,
  installation: { appId: string; tenantId: string },
): Promise<void> {
  await sql`
    delete from app_forward
     where tenant_id = ${installation.tenantId} and app_id = ${installation.appId}`.execute(trx);
}

/** After a new version was published: updates all rows of the app that differ. */
export async function refreshForwards(trx: Transaction<Tables>, appId: string): Promise<void> {
  await sql`
    delete from app_forward f
     where f.app_id = ${appId} and not exists (
       select from app_version v
        where v.app_id = f.app_id and v.status = 'PUBLISHED' and f.category = any(v.webhook_categories)
     )`.execute(trx);
  await sql`
    insert into app_forward as f (tenant_id, category, app_id, installation_id, data_types)
    select i.tenant_id, category, i.app_id, i.id, v.data_types
      from app_version v
      join app_installation i on i.app_id = v.app_id and i.revoked_at is null and i.is_subscribed
     cross join lateral unnest(v.webhook_categories) as category
     where v.app_id = ${appId} and v.status = 'PUBLISHED'
    on conflict (tenant_id, category, app_id) do update
      set installation_id = excluded.installation_id, data_types = excluded.data_types
    where f.data_types is distinct from excluded.data_types`.execute(trx);
}
