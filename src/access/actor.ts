import { decodeId } from '../ids.ts';
import type { AppPermission, Permission } from './permissions.ts';

export const actorKinds = [
  'API_KEY',
  'USER',
  'SERVICE',
  'CONSOLE_LINK',
  'APP',
  'INTERNAL',
  'SYSTEM',
] as const;
export type ActorKind = (typeof actorKinds)[number];

/** Who is asking, as its credential proved it. */
export type Actor = Readonly<{
  kind: ActorKind;
  /** API key id, JWT subject, console link id or client id. */
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
  /** What a console link stands on: it ends with it. */
  linkCreator?: LinkCreator;
  /** When the credential stops working. */
  expiresAt: Date | undefined;
}>;

/** The API key, or the tokens of a subject, that a console link was made with. */
export type LinkCreator =
  | Readonly<{ kind: 'API_KEY'; id: string }>
  | Readonly<{ kind: 'SUBJECT'; subject: string; issuedAt?: Date | undefined }>;

/** What the actor stands on that can be taken away; what a console link that it makes stands on, too. */
export function creatorOf(actor: Actor): LinkCreator | undefined {
  switch (actor.kind) {
    case 'API_KEY': {
      const id = decodeId('ApiKey', actor.actorId);
      return id === undefined ? undefined : { kind: 'API_KEY', id };
    }
    case 'USER':
    case 'SERVICE':
      return { kind: 'SUBJECT', subject: actor.actorId, issuedAt: actor.issuedAt };
    case 'CONSOLE_LINK':
      return actor.linkCreator;
    default:
      return undefined;
  }
}

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
