import { type AppGrants, findAppGrants } from '../access/app-access.ts';
import type { AppPermission } from '../access/permissions.ts';
import { type Context, requireActor } from './context.ts';
import { loader } from './loader.ts';

const none: ReadonlySet<AppPermission> = new Set();

/**
 * Read once a request, and again for each event of a subscription, so that a removed member is refused at the next
 * event.
 */
const grantsOf = loader<'all', AppGrants>(async (keys, context) => {
  const grants = await findAppGrants(context.services.database, requireActor(context));
  return keys.map(() => grants);
});

/** The caller's permissions for its apps. */
export function appGrants(context: Context): Promise<AppGrants> {
  return grantsOf(context).load('all');
}

/** The caller's permissions for one app; empty if it has nothing to do with the app. */
export async function appPermissionsOf(context: Context, appId: string): Promise<ReadonlySet<AppPermission>> {
  return (await appGrants(context)).get(appId) ?? none;
}
