import type { AppPermission, Permission } from '../access/permissions.ts';
import { NotFoundError } from '../errors.ts';
import { appGrants } from '../graph/app-grants.ts';
import { type Context, requireActor, requireTenant } from '../graph/context.ts';
import { forbidden } from '../graph/permission.ts';
import { decodeId } from '../ids.ts';
import { type Endpoint, findOwnersEndpoint } from './endpoint.ts';

type OwnersPermission = Readonly<{ tenant: Permission; app: AppPermission }>;

export type Owner = Readonly<{ ownerId: string; ownerKind: Endpoint['owner_kind'] }>;

/**
 * Whose endpoints the caller asks about where it names none: those of its tenant, where it holds the tenant's
 * permission, or those of the app whose own token it is. A field's `permission` has let in every user who might be a
 * member of some app, too: those are refused here.
 */
export function askingOwner(context: Context, permission: OwnersPermission): Owner {
  const actor = requireActor(context);
  if (actor.kind === 'APP' && actor.appId !== undefined) return { ownerId: actor.appId, ownerKind: 'APP' };
  if (!actor.permissions.has(permission.tenant)) throw forbidden(permission);
  return { ownerId: requireTenant(context), ownerKind: 'TENANT' };
}

/**
 * The same, or an app that the caller holds the app's permission for: where a filter names its endpoint, and no other.
 * So a member reaches the app's records beside the tenant's.
 */
export async function askingOwnerOf(
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
  return app ?? askingOwner(context, permission).ownerId;
}

async function appsHolding(context: Context, permission: AppPermission): Promise<string[]> {
  return [...(await appGrants(context))].flatMap(([appId, held]) => (held.has(permission) ? [appId] : []));
}

/**
 * In whose records the caller may look for one that it names by its id: its tenant's, and those of each app that it
 * holds the app's permission for. An id that is none of theirs is a missing one. Throws FORBIDDEN where there is
 * nobody, whatever the id.
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

/** Which endpoint of whose a mutation is about. Throws a NotFoundError for what is no endpoint's id. */
export async function askedEndpoint(
  context: Context,
  { permission, globalId }: { permission: OwnersPermission; globalId: string },
): Promise<Owner & { id: string }> {
  const owners = await askedOwners(context, permission);
  const id = decodeId('Endpoint', globalId);
  if (id === undefined) throw new NotFoundError(globalId);
  const [only, ...others] = owners;
  // The act itself looks whether it is there.
  const ownerId =
    only !== undefined && others.length === 0
      ? only
      : await findOwnersEndpoint(context.services.database.query, owners, id);
  if (ownerId === undefined) throw new NotFoundError(globalId);
  return { ownerId, ownerKind: ownerId === requireActor(context).tenantId ? 'TENANT' : 'APP', id };
}

/** The first of the owners who has the record; undefined where none has. */
export async function findAmong<Row>(
  owners: readonly string[],
  find: (ownerId: string) => Promise<Row | undefined> | Row | undefined,
): Promise<Row | undefined> {
  const found = await Promise.all(owners.map(find));
  return found.find((row) => row !== undefined);
}

/** The same for several: the answers in the order of the ids. */
export async function findAllAmong<Row>(
  owners: readonly string[],
  ids: readonly string[],
  find: (ownerId: string) => Promise<readonly (Row | undefined)[]>,
): Promise<(Row | undefined)[]> {
  const found = await Promise.all(owners.map(find));
  return ids.map((_id, index) => found.map((rows) => rows[index]).find((row) => row !== undefined));
}
