import type { Actor } from '../access/actor.ts';
import { type AppPermission, appTokenPermissions, type Permission } from '../access/permissions.ts';
import { RequestError } from '../errors.ts';
import { type Context, requireActor } from './context.ts';

/**
 * Who may ask for a field. With several doors any one lets the caller in.
 *
 * - `'ANY_CREDENTIAL'`: whoever has proven who they are.
 * - a `Permission`, alone or as `tenant`: a key or a JWT that holds it.
 * - `app`: the app's own token, where an app's token ever holds it, or a user who may be a member of the app. Which
 *   app, and whether the user is a member, depends on the record: the resolver asks `access` about it.
 * - `user`: any user with a verified email. Which user, the resolver knows.
 */
export type FieldPermission = 'ANY_CREDENTIAL' | Permission | Doors;

type Doors = Readonly<{ tenant?: Permission; app?: AppPermission; user?: true }>;

const tokenScopes: ReadonlySet<AppPermission> = new Set(appTokenPermissions);

export function doorsOf(permission: FieldPermission): Doors | 'ANY_CREDENTIAL' {
  if (permission === 'ANY_CREDENTIAL') return permission;
  return typeof permission === 'string' ? { tenant: permission } : permission;
}

/** Whether the caller may pass one of the doors. Through an app's, the record's resolver asks further. */
export function allows(permission: FieldPermission, actor: Actor): boolean {
  const doors = doorsOf(permission);
  if (doors === 'ANY_CREDENTIAL') return true;
  if (doors.tenant !== undefined && actor.permissions.has(doors.tenant)) return true;
  const isKnownUser = actor.kind === 'USER' && actor.verifiedEmail !== undefined;
  if (doors.user === true && isKnownUser) return true;
  if (doors.app === undefined) return false;
  return isKnownUser || (actor.kind === 'APP' && (actor.appScopes ?? tokenScopes).has(doors.app));
}

/**
 * Throws UNAUTHENTICATED without a credential, or with one that has meanwhile run out; FORBIDDEN without the
 * permission. Remembers nothing: a subscription asks again for each of its events.
 */
export function checkPermission(permission: FieldPermission, context: Context): Actor {
  const actor = requireActor(context);
  // The reason is the UNAUTHENTICATED that tells whether it expired or was revoked.
  if (context.grantSignal?.aborted === true) throw context.grantSignal.reason;
  if (!allows(permission, actor)) throw forbidden(permission);
  return actor;
}

/** The refusal that names what the caller lacks. */
export function forbidden(permission: FieldPermission): RequestError {
  const doors = doorsOf(permission);
  const { tenant, app } = doors === 'ANY_CREDENTIAL' ? {} : doors;
  const needed = [tenant, app].filter((name) => name !== undefined);
  const message =
    needed.length > 0 ? `This needs the permission ${needed.join(' or ')}.` : 'Only a user may do this.';
  return new RequestError('FORBIDDEN', message, {
    permission: tenant ?? app ?? null,
    ...(app === undefined ? {} : { appPermission: app }),
  });
}
