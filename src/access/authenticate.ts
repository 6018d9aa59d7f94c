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

/** Nothing longer is parsed: checking a signature costs time in proportion. */
const maxCredentialBytes = 8_192;

/** As HTTP headers or as a WebSocket's connection parameters bring them. */
type Credentials = Readonly<{
  authorization?: string | undefined;
  /** `heliograph-tenant`: the tenant in whose name a platform service asks. */
  tenantHeader?: string | undefined;
}>;

export type Authenticator = Readonly<{
  /**
   * Who is asking. Undefined where no credential came along. Throws UNAUTHENTICATED (`reason`: `invalid`, `expired`
   * or `revoked`) for a bad one, FORBIDDEN where a tenant is named by somebody who may not, BAD_USER_INPUT where the
   * named tenant is not there.
   */
  authenticate(credentials: Credentials): Promise<Actor | undefined>;
  /** Until what goes on beside the answers (noting the use of API keys) has ended. */
  settled(): Promise<void>;
}>;

/** `Authorization: Bearer <token>`, where the token's beginning tells its kind. */
export function createAuthenticator(options: {
  config: Config;
  database: Database;
  logger: Logger;
  /** Partner apps' own tokens; without it there are none. */
  appTokens?: AppTokens;
  /** The tokens of links to the console; without it there are none. */
  consoleLinks?: ConsoleLinks;
  /** A clock that never jumps, for how long what was found is believed. */
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

/** Its own tenant, or for a platform service the one that it names. */
async function tenantOf(
  identity: JwtIdentity,
  tenantHeader: string | undefined,
  tenants: TenantIdentities,
): Promise<string | undefined> {
  if (identity.tenantExternalId !== undefined || identity.kind !== 'SERVICE')
    refuseTenantHeader(tenantHeader);
  if (identity.tenantExternalId !== undefined) return await tenants.findOrCreate(identity.tenantExternalId);
  if (tenantHeader === undefined) return undefined;
  // A header is no proof that there is such a tenant: a slip of the pen must not create one.
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
