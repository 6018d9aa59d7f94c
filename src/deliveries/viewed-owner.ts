import { askingOwner } from '../endpoints/asking-owner.ts';
import { RequestError } from '../errors.ts';
import { type Context, requireActor } from '../graph/context.ts';
import { decodeId } from '../ids.ts';

/** Who may read deliveries, events and the live log. */
export const viewPermission = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' } as const;

/**
 * UUID of the owner whose deliveries the caller asks for: its tenant, or the app whose own token it is. Throws
 * FORBIDDEN without the tenant's permission, and NOT_FOUND for an app that is not the caller's.
 */
export function viewedOwner(context: Context, appId?: string | null): string {
  const { appId: ownApp } = requireActor(context);
  if (appId != null && (ownApp === undefined || decodeId('App', appId) !== ownApp)) {
    throw new RequestError('NOT_FOUND', 'No such app.');
  }
  return askingOwner(context, viewPermission).ownerId;
}
