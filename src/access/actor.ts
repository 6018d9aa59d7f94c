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

/** The caller, as identified by its credential. */
export type Actor = Readonly<{
  kind: ActorKind;
  /** The API key's id, the JWT's subject, the console link's id or the app's client id. */
  actorId: string;
  label: string;
  permissions: ReadonlySet<Permission>;
  /** UUID of the tenant that the caller acts for; undefined for a platform service that named none, and for an app. */
  tenantId: string | undefined;
  /** UUID of the app that the access token belongs to. */
  appId: string | undefined;
  /** The permissions of the app's token: those it was narrowed to, or all that such a token can have. */
  appScopes?: ReadonlySet<AppPermission>;
  /** UUID of the client secret with which the app's token was requested. */
  clientSecretId?: string;
  /** The JWT's email, if it has been verified. */
  verifiedEmail: string | undefined;
  /** When the JWT was issued, if it says so. */
  issuedAt?: Date;
  /** The credential that a console link was created with. The link ends with it. */
  linkCreator?: LinkCreator;
  /** When the credential stops working. */
  expiresAt: Date | undefined;
}>;

/** The credential that a console link was created with: an API key, or the tokens of a subject. */
export type LinkCreator =
  | Readonly<{ kind: 'API_KEY'; id: string }>
  | Readonly<{ kind: 'SUBJECT'; subject: string; issuedAt?: Date | undefined }>;

/** The credential that can be revoked under the actor. A console link that the actor creates ends with it, too. */
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

/** The caller and the request of an act, as recorded in the audit log. */
export type By = Readonly<{ actor: Actor; requestId: string | undefined }>;

/** Heliograph itself: retention, the engine, the rescue of an interrupted handshake. */
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

/**
 * The owner of records that belong to the platform: event types and tenants. Their audit entries have this owner id.
 */
export const platformOwnerId = '00000000-0000-0000-0000-000000000000';
