import type { AppPermission, Permission } from '../access/permissions.ts';
import { NotFoundError, RequestError } from '../errors.ts';
import { appGrants, appPermissionsOf } from '../graph/app-grants.ts';
import { type Context, requireActor, requireTenant } from '../graph/context.ts';
import { forbidden } from '../graph/permission.ts';
import { decodeId } from '../ids.ts';
import { type Endpoint, findOwnersEndpoint } from './endpoint.ts';

/** The permission that a caller needs: the tenant's for records of its tenant, the app's for records of an app. */
type OwnersPermission = Readonly<{ tenant: Permission; app: AppPermission }>;

export type Owner = Readonly<{ ownerId: string; ownerKind: Endpoint['owner_kind'] }>;

/**
 * The owner whose records the caller asks for if it names none: its tenant, or the app that its token belongs to.
 * Throws FORBIDDEN without the tenant's permission, because the field's `permission` also lets in every user who
 * might be a member of some app.
 */
export function askedOwner(context: Context, permission: OwnersPermission): Owner {
  const actor = requireActor(context);
  if (actor.kind === 'APP' && actor.appId !== undefined) return { ownerId: actor.appId, ownerKind: 'APP' };
  if (!actor.permissions.has(permission.tenant)) throw forbidden(permission);
  return { ownerId: requireTenant(context), ownerKind: 'TENANT' };
}

/** Like `askedOwner`, or the app whose endpoint is the only one that is named, if the caller has its permission. */
export async function askedOwnerOfEndpoint(
  context: Context,
  permission: OwnersPermission,
  endpointIds: readonly string[] | null | undefined,
): Promise<string> {
  const [globalId, ...others] = new Set(endpointIds ?? []);
  const id = globalId === undefined || others.length > 0 ? undefined : decodeId('Endpoint', globalId);
  const apps = id === undefined ? [] : await appsHolding(context, permission.app);
  const app =
    id === undefined || apps.length === 0
      ? undefined
      : await findOwnersEndpoint(context.services.database.query, apps, id);
  return app ?? askedOwner(context, permission).ownerId;
}

/** Like `askedOwner`, or the named app. Throws NOT_FOUND without the app's permission. */
export async function askedOwnerOfApp(
  context: Context,
  permission: OwnersPermission,
  appId: string | null | undefined,
): Promise<string> {
  if (appId == null) return askedOwner(context, permission).ownerId;
  requireActor(context);
  const id = decodeId('App', appId);
  if (id === undefined || !(await appPermissionsOf(context, id)).has(permission.app)) {
    throw new RequestError('NOT_FOUND', 'There is no such app.');
  }
  return id;
}

/**
 * The owners among whose records the caller may find one by its id: its tenant, and each app for which it has the
 * app's permission. Throws FORBIDDEN if there are none, whatever the id.
 */
export async function askedOwners(
  context: Context,
  permission: OwnersPermission,
): Promise<readonly string[]> {
  const actor = requireActor(context);
  const apps = await appsHolding(context, permission.app);
  const isTenants = actor.permissions.has(permission.tenant);
  if (!isTenants && apps.length === 0) throw forbidden(permission);
  if (!isTenants || (actor.tenantId === undefined && apps.length > 0)) return apps;
  return [requireTenant(context), ...apps];
}

/** The endpoint that a mutation is about, with its owner. Throws a NotFoundError for an id that is not an endpoint's. */
export async function askedEndpoint(
  context: Context,
  { permission, globalId }: { permission: OwnersPermission; globalId: string },
): Promise<Owner & { id: string }> {
  const owners = await askedOwners(context, permission);
  const id = decodeId('Endpoint', globalId);
  if (id === undefined) throw new NotFoundError(globalId);
  const [only, ...others] = owners;
  // With a single owner, the act itself checks whether the endpoint exists.
  const ownerId =
    only !== undefined && others.length === 0
      ? only
      : await findOwnersEndpoint(context.services.database.query, owners, id);
  if (ownerId === undefined) throw new NotFoundError(globalId);
  return { ownerId, ownerKind: ownerId === requireActor(context).tenantId ? 'TENANT' : 'APP', id };
}

async function appsHolding(context: Context, permission: AppPermission): Promise<string[]> {
  return [...(await appGrants(context))].flatMap(([appId, held]) => (held.has(permission) ? [appId] : []));
}
