/** The permissions of an API key or a JWT. The JWT claim `permissions` holds the same names in lower case. */
export const permissions = [
  'MANAGE_WEBHOOKS',
  'PUBLISH_EVENTS',
  'MANAGE_EVENT_TYPES',
  'MANAGE_API_KEYS',
  'MANAGE_APPS',
  'READ_AUDIT_LOG',
  'MANAGE_TENANTS',
] as const;

export type Permission = (typeof permissions)[number];

/** The permissions that API keys and console links cannot have, because they apply to more than one tenant. */
export const platformPermissions: readonly Permission[] = ['MANAGE_TENANTS', 'MANAGE_EVENT_TYPES'];

/** The permissions that a member of a partner app, or the app itself, can have for it. */
export const appPermissions = [
  'MANAGE_APP',
  'MANAGE_WEBHOOK',
  'ROTATE_SECRETS',
  'MANAGE_MEMBERS',
  'PUBLISH_VERSIONS',
  'VIEW_DELIVERIES',
] as const;

export type AppPermission = (typeof appPermissions)[number];

/**
 * The permissions that an app's own access token can have. It can never change the app's secrets, its members or the
 * app itself.
 */
export const appTokenPermissions: readonly AppPermission[] = ['VIEW_DELIVERIES', 'MANAGE_WEBHOOK'];
