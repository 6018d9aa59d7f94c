/** What an API key or a JWT may do. The JWT claim `permissions` holds the same names in lower case. */
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

/** Those that neither a key nor a console link ever holds: they reach beyond one tenant. */
export const platformPermissions: readonly Permission[] = ['MANAGE_TENANTS', 'MANAGE_EVENT_TYPES'];

/** What a member of a partner app, or the app itself, may do with it. */
export const appPermissions = [
  'MANAGE_APP',
  'MANAGE_WEBHOOK',
  'ROTATE_SECRETS',
  'MANAGE_MEMBERS',
  'PUBLISH_VERSIONS',
  'VIEW_DELIVERIES',
] as const;

export type AppPermission = (typeof appPermissions)[number];

/** What an app's own access token holds: never its secrets, its members or itself. */
export const appTokenPermissions: readonly AppPermission[] = ['VIEW_DELIVERIES', 'MANAGE_WEBHOOK'];
