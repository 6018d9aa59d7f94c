import type { Database } from '../db/pool.ts';
import type { Actor } from './actor.ts';
import { type AppPermission, appPermissions, appTokenPermissions } from './permissions.ts';

/** What somebody may do with which apps, by the app's UUID. */
export type AppGrants = ReadonlyMap<string, ReadonlySet<AppPermission>>;

/**
 * What the caller may do with partner apps: the app's own token with that app, and a user whose verified email is a
 * member's with each app that the member belongs to. Nothing else gives any of it: no permission of a tenant does.
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

/** As members are known by it: case does not tell people apart. */
export function memberEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** Those that we know, in the list's order. */
export function appPermissionsIn(names: readonly string[]): AppPermission[] {
  return appPermissions.filter((permission) => names.includes(permission));
}
