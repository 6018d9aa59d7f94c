import type { Database } from '../db/pool.ts';
import type { Actor } from './actor.ts';
import { type AppPermission, appPermissions, appTokenPermissions } from './permissions.ts';

/** The permissions that a caller has for apps, by the app's UUID. */
export type AppGrants = ReadonlyMap<string, ReadonlySet<AppPermission>>;

/**
 * The caller's permissions for partner apps. An app's own token has permissions for that app. A user whose verified
 * email is a member's has that member's permissions for each app it belongs to. No permission of a tenant gives any
 * of them.
 */
export async function findAppGrants(database: Database, actor: Actor): Promise<AppGrants> {
  if (actor.kind === 'APP' && actor.appId !== undefined) {
    return new Map([[actor.appId, actor.appScopes ?? new Set(appTokenPermissions)]]);
  }
  if (actor.kind !== 'USER' || actor.verifiedEmail === undefined) return new Map();
  const rows = await database.query
    .selectFrom('app_member')
    .innerJoin('app', 'app.id', 'app_member.app_id')
    .select(['app_member.app_id', 'app_member.permissions'])
    .where('app_member.email', '=', memberEmail(actor.verifiedEmail))
    .where('app.deleted_at', 'is', null)
    .orderBy('app_member.app_id')
    .execute();
  return new Map(rows.map((row) => [row.app_id, new Set(appPermissionsIn(row.permissions))]));
}

/** Members are found by their email in lower case, so case does not matter. */
export function memberEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** The known permissions among those given, in the order of the list. */
export function appPermissionsIn(names: readonly string[]): AppPermission[] {
  return appPermissions.filter((permission) => names.includes(permission));
}
