import type { AppPermission, Permission } from './permissions.ts';

export const actorKinds = ['API_KEY', 'USER', 'SERVICE', 'APP', 'INTERNAL', 'SYSTEM'] as const;
export type ActorKind = (typeof actorKinds)[number];

/** Who is asking, as its credential proved it. */
export type Actor = Readonly<{
  kind: ActorKind;
  /** API key id, JWT subject or client id. */
  actorId: string;
  label: string;
  permissions: ReadonlySet<Permission>;
  /** UUID of the tenant in whose name it asks; undefined for a platform service that named none, and for an app. */
  tenantId: string | undefined;
  /** UUID of the app whose own token it is. */
  appId: string | undefined;
  /** What the app's token was given for; all that such a token may hold where it is not narrowed. */
  appScopes?: ReadonlySet<AppPermission>;
  /** UUID of the client secret that the app's token was given for. */
  clientSecretId?: string;
  /** The JWT's email, where it has been verified. */
  verifiedEmail: string | undefined;
  /** When a JWT says that it was issued. */
  issuedAt?: Date;
  /** When the credential stops working. */
  expiresAt: Date | undefined;
}>;

/** Who acted, and in which request: what an audit entry says of it. */
export type By = Readonly<{ actor: Actor; requestId: string | undefined }>;

/** The service itself: retention, the engine, the rescue of an interrupted handshake. */
export const systemActor: Actor = {
  kind: 'SYSTEM',
  actorId: 'heliograph',
  label: 'Heliograph',
  permissions: new Set(),
  tenantId: undefined,
  appId: undefined,
  verifiedEmail: undefined,
  expiresAt: undefined,
};

/** The owner of what belongs to the platform: event types, tenants. Its audit entries stand under this id. */
export const platformOwnerId = '00000000-0000-0000-0000-000000000000';
