import type { AppPermission, Permission } from '../../src/access/permissions.ts';
import type { Credentials } from './credentials.ts';
import type { App, Owner } from './owners.ts';

/** Who may call, said here by hand: the declarations in the sources are measured against it. */
export type Needs =
  | 'ANY_CREDENTIAL'
  | Readonly<{
      /** Held by a key, a user's JWT or a service's. */
      tenant?: Permission;
      /** Held by a member, or by the app's own token where it is one of a token's. */
      app?: AppPermission;
      /** The user with this verified email. */
      email?: string;
    }>;

type About = (owner: Owner | App, credentials: Credentials) => Promise<object> | object;

/** One call of a root field: only what cannot be derived from who may make it. */
export type Row = Readonly<{
  needs: Needs;
  /** A query's or subscription's text; a mutation's is made of its input. */
  document?: string;
  /** Variables, or a mutation's input, about something of the owner's, made anew. */
  about?: About;
  /** The same for strangers, where everybody may see what `about` makes. */
  foreign?: About;
  /**
   * What is asked about; by default what its id names. `own`: whatever is the caller's. `log`: its tenant's, or that
   * of an app that it names. `platform`: what belongs to no tenant.
   */
  reach?: 'own' | 'log' | 'platform';
  /** What the owner of nothing is answered who asks about its own. */
  nothing?: unknown;
  /** How a member who lacks the permission is answered; by default FORBIDDEN. */
  withoutIt?: 'missing' | 'let in';
  /** Whether the tenant's permission is good for what belongs to the tenant's apps, too. */
  managesApps?: true;
}>;

export type Rows = Readonly<Record<string, Row | readonly Row[]>>;
