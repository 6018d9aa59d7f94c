import type { AppPermission, Permission } from '../access/permissions.ts';
import { NotFoundError } from '../errors.ts';
import { type Context, requireActor, requireTenant } from '../graph/context.ts';
import { forbidden } from '../graph/permission.ts';
import { decodeId } from '../ids.ts';
import type { Endpoint } from './endpoint.ts';

type OwnersPermission = Readonly<{ tenant: Permission; app: AppPermission }>;

export type Owner = Readonly<{ ownerId: string; ownerKind: Endpoint['owner_kind'] }>;

/**
 * Whose endpoints the caller asks about: those of its tenant, where it holds the tenant's permission, or those of the
 * app whose own token it is. A field's `permission` has let in every user who might be a member of some app, too:
 * those are refused here.
 */
export function askingOwner(context: Context, permission: OwnersPermission): Owner {
  const actor = requireActor(context);
  if (actor.kind === 'APP' && actor.appId !== undefined) return { ownerId: actor.appId, ownerKind: 'APP' };
  if (!actor.permissions.has(permission.tenant)) throw forbidden(permission);
  return { ownerId: requireTenant(context), ownerKind: 'TENANT' };
}

/** Which endpoint of whose a mutation is about. Throws a NotFoundError for what is no endpoint's id. */
export function askedEndpoint(
  context: Context,
  { permission, globalId }: { permission: OwnersPermission; globalId: string },
): { ownerId: string; id: string } {
  const { ownerId } = askingOwner(context, permission);
  const id = decodeId('Endpoint', globalId);
  if (id === undefined) throw new NotFoundError(globalId);
  return { ownerId, id };
}
