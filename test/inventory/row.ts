import type { AppPermission, Permission } from '../../src/access/permissions.ts';
import type { Credentials } from './credentials.ts';
import type { App, Owner } from './owners.ts';

/** Who may call, stated here by hand. The declarations in the sources are compared with it. */
export type Needs =
  | 'ANY_CREDENTIAL'
  | Readonly<{
      /** The permission of a key, a user's JWT or a service's JWT. */
      tenant?: Permission;
      /** The permission of a member, or of the app's own token if such a token can have it. */
      app?: AppPermission;
      /** The user with this verified email. */
      email?: string;
    }>;

type About = (owner: Owner | App, credentials: Credentials) => Promise<object> | object;

/** One call of a root field, with only what cannot be derived from the permissions. */
export type Row = Readonly<{
  needs: Needs;
  /** The text of a query or subscription. A mutation's is built from its input. */
  document?: string;
  /** Variables, or a mutation's input, about a new record of the owner. */
  about?: About;
  /** The same for strangers, if everybody may see what `about` creates. */
  foreign?: About;
  /**
   * The subject of the call; by default what its id names. `own`: whatever belongs to the caller. `log`: the log of
   * its tenant, or of an app that it names. `platform`: records that belong to no tenant.
   */
  reach?: 'own' | 'log' | 'platform';
  /** The answer to an owner of nothing that asks for its own records. */
  nothing?: unknown;
  /** The answer to a member without the permission; by default FORBIDDEN. */
  withoutIt?: 'missing' | 'let in';
  /** Whether the tenant's permission also covers records of the tenant's apps. */
  managesApps?: true;
}>;

export type Rows = Readonly<Record<string, Row | readonly Row[]>>;
