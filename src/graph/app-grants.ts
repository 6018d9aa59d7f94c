import { type AppGrants, findAppGrants } from '../access/app-access.ts';
import type { AppPermission } from '../access/permissions.ts';
import { type Context, requireActor } from './context.ts';
import { loader } from './loader.ts';

const none: ReadonlySet<AppPermission> = new Set();

/** Asked once a request, and anew for each event of a subscription: a removed member is none at the next. */
const grantsOf = loader<'all', AppGrants>(async (keys, context) => {
  const grants = await findAppGrants(context.services.database, requireActor(context));
  return keys.map(() => grants);
});

/** What the caller may do with which apps. */
export function appGrants(context: Context): Promise<AppGrants> {
  return grantsOf(context).load('all');
}

/** What the caller may do with one app; nothing where it has nothing to do with it. */
export async function appPermissionsOf(context: Context, appId: string): Promise<ReadonlySet<AppPermission>> {
  return (await appGrants(context)).get(appId) ?? none;
}
