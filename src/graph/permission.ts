import type { Actor } from '../access/actor.ts';
import { type AppPermission, appTokenPermissions, type Permission } from '../access/permissions.ts';
import { RequestError } from '../errors.ts';
import { type Context, requireActor } from './context.ts';

/**
 * Who may use a field. If several are given, any one is enough.
 *
 * - `'ANY_CREDENTIAL'`: every authenticated caller.
 * - a `Permission`, alone or as `tenant`: an API key or a JWT that has it.
 * - `app`: the app's own token, if such a token can have it, or a user who may be a member of the app. The app, and
 * whether the user is a member, depend on the record, so the resolver checks `access`.
 * - `user`: any user with a verified email. The resolver decides which user.
 */
export type FieldPermission = 'ANY_CREDENTIAL' | Permission | Doors;

type Doors = Readonly<{ tenant?: Permission; app?: AppPermission; user?: true }>;

const tokenScopes: ReadonlySet<AppPermission> = new Set(appTokenPermissions);

export function doorsOf(permission: FieldPermission): Doors | 'ANY_CREDENTIAL' {
  if (permission === 'ANY_CREDENTIAL') return permission;
  return typeof permission === 'string' ? { tenant: permission } : permission;
}

/**
 * Whether one of the conditions holds for the caller. For an app's permission, the record's resolver checks further.
 */
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
 * Throws UNAUTHENTICATED without a credential or with one that is no longer valid, and FORBIDDEN without the
 * permission. It remembers nothing, because a subscription checks again for each of its events.
 */
export function checkPermission(permission: FieldPermission, context: Context): Actor {
  const actor = requireActor(context);
  // The reason is the UNAUTHENTICATED error that tells whether the credential expired or was revoked.
  if (context.grantSignal?.aborted === true) throw context.grantSignal.reason;
  if (!allows(permission, actor)) throw forbidden(permission);
  return actor;
}

/** The error that names the missing permission. */
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
