import { askedOwners, askingOwner, askingOwnerOf } from '../endpoints/asking-owner.ts';
import { RequestError } from '../errors.ts';
import { appPermissionsOf } from '../graph/app-grants.ts';
import { type Context, requireActor } from '../graph/context.ts';
import { decodeId } from '../ids.ts';

/** Who may read deliveries, events and the live log. */
export const viewPermission = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' } as const;

/**
 * UUID of the owner whose deliveries the caller asks for where it names nobody: its tenant, or the app whose own
 * token it is. Throws FORBIDDEN without the tenant's permission.
 */
export function viewedOwner(context: Context): string {
  return askingOwner(context, viewPermission).ownerId;
}

/** The same, or the app whose endpoints a filter names. */
export function filteredOwner(
  context: Context,
  filter: Readonly<{ endpointId?: readonly string[] | null | undefined }> | null | undefined,
): Promise<string> {
  return askingOwnerOf(context, viewPermission, filter?.endpointId);
}

/** The same as `viewedOwner`, or the app that it names. Throws NOT_FOUND for one that it may not see the deliveries of. */
export async function viewedLog(context: Context, appId: string | null | undefined): Promise<string> {
  if (appId == null) return viewedOwner(context);
  requireActor(context);
  const id = decodeId('App', appId);
  if (id === undefined || !(await appPermissionsOf(context, id)).has(viewPermission.app)) {
    throw new RequestError('NOT_FOUND', 'There is no such app.');
  }
  return id;
}

/** In whose records the caller may look for one that it names by its id. */
export function viewedOwners(context: Context): Promise<readonly string[]> {
  return askedOwners(context, viewPermission);
}
