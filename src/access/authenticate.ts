import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import { badUserInput, RequestError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Actor } from './actor.ts';
import { apiKeyMark } from './api-key-token.ts';
import type { AppTokens } from './app-tokens.ts';
import { ApiKeyAuthenticator } from './authenticate-api-key.ts';
import { authenticateJwt, type JwtIdentity } from './authenticate-jwt.ts';
import { type ConsoleLinks, consoleLinkMark } from './console-links.ts';
import { jwtKeys } from './jwt-keys.ts';
import { ProvenTokens } from './proven-tokens.ts';
import { RevokedSubjects } from './revoked-subjects.ts';
import { TenantIdentities } from './tenant-identity.ts';
import { unauthenticated } from './unauthenticated.ts';

/** Longer tokens are not parsed, because verifying a signature takes time in proportion to the length. */
const maxCredentialBytes = 8_192;

/** The credentials, from HTTP headers or from a WebSocket's connection parameters. */
type Credentials = Readonly<{
  authorization?: string | undefined;
  /** `heliograph-tenant`: the tenant that a platform service acts for. */
  tenantHeader?: string | undefined;
}>;

export type Authenticator = Readonly<{
  /**
   * Identifies the caller. Returns undefined if there is no credential. Throws UNAUTHENTICATED (`reason`: `invalid`,
   * `expired` or `revoked`) for a bad credential, FORBIDDEN if a tenant is named by a caller that may not do so, and
   * BAD_USER_INPUT if there is no such tenant.
   */
  authenticate(credentials: Credentials): Promise<Actor | undefined>;
  /** Waits until background work (recording the use of API keys) has ended. */
  settled(): Promise<void>;
}>;

/** Reads `Authorization: Bearer <token>`. The beginning of the token tells its kind. */
export function createAuthenticator(options: {
  config: Config;
  database: Database;
  logger: Logger;
  /** The access tokens of partner apps. Without it they are not accepted. */
  appTokens?: AppTokens;
  /** The tokens of links to the console. Without it they are not accepted. */
  consoleLinks?: ConsoleLinks;
  /** A monotonic clock, which decides how long a result is kept. */
  monotonicMs?: () => number;
}): Authenticator {
  const { issuer, audience } = options.config.jwt;
  const jwt = { keys: jwtKeys(options.config), issuer, audience, logger: options.logger };
  const apiKeys = new ApiKeyAuthenticator(options);
  const tenants = new TenantIdentities(options.database);
  const revokedSubjects = new RevokedSubjects(options);
  const proven = new ProvenTokens<JwtIdentity>({
    expiresAt: ({ expiresAt }) => expiresAt.getTime(),
    monotonicMs: options.monotonicMs,
  });

  async function authenticateBearer(token: string, tenantHeader: string | undefined): Promise<Actor> {
    if (token.startsWith(apiKeyMark)) {
      const actor = await apiKeys.authenticate(token);
      refuseTenantHeader(tenantHeader);
      return actor;
    }
    if (token.startsWith(consoleLinkMark) && options.consoleLinks !== undefined) {
      const actor = await options.consoleLinks.authenticate(token);
      refuseTenantHeader(tenantHeader);
      return actor;
    }
    if (options.appTokens?.isAppToken(token) === true) {
      const actor = await options.appTokens.authenticate(token);
      refuseTenantHeader(tenantHeader);
      return actor;
    }
    const identity = await proven.read(token, () => authenticateJwt(token, jwt));
    await revokedSubjects.check(identity.subject, identity.issuedAt);
    return actorOf(identity, await tenantOf(identity, tenantHeader, tenants));
  }

  return {
    async authenticate({ authorization, tenantHeader }) {
      if (authorization === undefined) return undefined;
      return await authenticateBearer(bearerToken(authorization), tenantHeader);
    },
    settled: () => apiKeys.settled(),
  };
}

function bearerToken(authorization: string): string {
  const token =
    Buffer.byteLength(authorization) > maxCredentialBytes
      ? undefined
      : /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthenticated('invalid');
  return token;
}

/** The caller's own tenant, or for a platform service the tenant that it names. */
async function tenantOf(
  identity: JwtIdentity,
  tenantHeader: string | undefined,
  tenants: TenantIdentities,
): Promise<string | undefined> {
  if (identity.tenantExternalId !== undefined || identity.kind !== 'SERVICE')
    refuseTenantHeader(tenantHeader);
  if (identity.tenantExternalId !== undefined) return await tenants.findOrCreate(identity.tenantExternalId);
  if (tenantHeader === undefined) return undefined;
  // The header does not prove that there is such a tenant. A typing error must not create one.
  const id = await tenants.find(tenantHeader);
  if (id === undefined) {
    throw badUserInput('There is no tenant with the externalId in the header heliograph-tenant.', {
      header: 'heliograph-tenant',
    });
  }
  return id;
}

function refuseTenantHeader(tenantHeader: string | undefined): void {
  if (tenantHeader === undefined) return;
  throw new RequestError(
    'FORBIDDEN',
    'Only a service whose token names no tenant may send the header heliograph-tenant.',
    { header: 'heliograph-tenant' },
  );
}

function actorOf(identity: JwtIdentity, tenantId: string | undefined): Actor {
  return {
    kind: identity.kind,
    actorId: identity.subject,
    label: identity.email ?? identity.subject,
    permissions: identity.permissions,
    tenantId,
    appId: undefined,
    verifiedEmail: identity.verifiedEmail,
    ...(identity.issuedAt === undefined ? {} : { issuedAt: identity.issuedAt }),
    expiresAt: identity.expiresAt,
  };
}
