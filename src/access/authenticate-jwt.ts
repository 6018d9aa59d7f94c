import {
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import { KeysUnavailableError } from '../errors.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { type Permission, permissions } from './permissions.ts';
import { isExternalId } from './tenant-identity.ts';
import { unauthenticated } from './unauthenticated.ts';

/** Asymmetric only: with `none` or an HMAC, who can check a token could also make one. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
/** Clocks of issuers differ a little; a credential must still stop within 5 s of its end. */
const clockToleranceSeconds = 5;
const maxTextLength = 255;

/** What a bearer token of the platform says, once its signature, issuer, audience and times have been checked. */
export type JwtIdentity = Readonly<{
  subject: string;
  kind: 'USER' | 'SERVICE';
  email: string | undefined;
  verifiedEmail: string | undefined;
  tenantExternalId: string | undefined;
  permissions: ReadonlySet<Permission>;
  /** Undefined where the token does not say. */
  issuedAt: Date | undefined;
  expiresAt: Date;
}>;

const text = z.string().min(1).max(maxTextLength);

/** Claims of ours. Others are the issuer's business, as are permissions that we do not know. */
const claims = z.object({
  sub: text,
  exp: z.number().max(8_640_000_000_000),
  iat: z.number().max(8_640_000_000_000).nullish(),
  email: text.nullish(),
  // Several issuers write a boolean as a text.
  email_verified: z
    .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
    .nullish(),
  tenant: z.string().refine(isExternalId).nullish(),
  // One text holds names with spaces between, as the claim `scope` does (RFC 8693, section 4.2).
  permissions: z.union([z.array(z.string()), z.string().transform((text) => text.split(/ +/))]).nullish(),
  kind: z.enum(['user', 'service']).nullish(),
});

/** The verdicts of jose that blame the token. */
const tokenFaults = new Set<string>([
  errors.JWTInvalid.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSNoMatchingKey.code,
]);

/** Those that blame what stands at the issuer's URL: no JSON, no key set. The first is the root of all its errors. */
const keySetFaults = new Set<string>([
  errors.JOSEError.code,
  errors.JWKSInvalid.code,
  errors.JWKSTimeout.code,
]);

/** Verifies a JWT. Throws UNAUTHENTICATED where it is not a good one, anything else where it cannot be judged. */
export async function authenticateJwt(
  token: string,
  options: Readonly<{ keys: JWTVerifyGetKey; issuer: string; audience: string; logger?: Logger }>,
): Promise<JwtIdentity> {
  const refuse = (claim: string, why: string) => {
    // For the operator, who alone can see what the issuer writes. Never the claim's value, never the token.
    if (options.logger !== undefined) warnAtTimes(options.logger, { claim, why }, 'a JWT was refused');
    return unauthenticated('invalid');
  };
  const { payload, protectedHeader } = await verify(token, options);
  const parsed = claims.safeParse(payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(String(issue?.path[0]), issue?.message ?? 'not valid');
  }
  if (!isAccessToken(protectedHeader, payload)) throw refuse('typ', 'no access token');
  if ((parsed.data.iat ?? 0) * 1000 > databaseNow() + clockToleranceSeconds * 1000) {
    // Who could date a token ahead could survive being called back.
    throw refuse('iat', 'in the future');
  }
  const { sub, exp, email, email_verified: isVerified, tenant, permissions: named, kind, iat } = parsed.data;
  const lowerCase = new Set(named ?? []);
  return {
    subject: sub,
    kind: kind === 'service' ? 'SERVICE' : 'USER',
    email: email ?? undefined,
    verifiedEmail: isVerified === true ? (email ?? undefined) : undefined,
    tenantExternalId: tenant ?? undefined,
    permissions: new Set(permissions.filter((permission) => lowerCase.has(permission.toLowerCase()))),
    issuedAt: iat == null ? undefined : new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
}

const accessTokenTypes = ['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'];
/** Claims that only ID tokens have (OpenID Connect Core 1.0, section 3.3.2.11). */
const idTokenClaims = ['at_hash', 'c_hash', 's_hash'];

/**
 * An issuer signs other tokens with the same keys: an ID token tells a client who has signed in, and opens nothing.
 * It is known by its type (RFC 9068, section 2.1; Keycloak's claim `typ`, Cognito's `token_use`) and by its claims.
 */
function isAccessToken(header: JWTHeaderParameters, payload: JWTPayload): boolean {
  const { typ: headerType = 'JWT' } = header;
  const { typ: claimedType, token_use: use } = payload;
  return (
    accessTokenTypes.includes(String(headerType).toLowerCase()) &&
    (claimedType === undefined || /^(bearer|jwt|at\+jwt|access(_token)?|dpop)$/i.test(String(claimedType))) &&
    (use === undefined || use === 'access') &&
    !idTokenClaims.some((name) => name in payload)
  );
}

async function verify(
  token: string,
  { keys, issuer, audience }: Readonly<{ keys: JWTVerifyGetKey; issuer: string; audience: string }>,
): Promise<JWTVerifyResult> {
  const options = {
    algorithms,
    issuer,
    audience,
    requiredClaims: ['sub', 'exp'],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(databaseNow()),
  };
  try {
    return await jwtVerify(token, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw verdictOf(error);
    // A token without `kid`, and a set with several keys of its kind (one being rotated out): any of them will do.
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw verdictOf(failure);
      }
    }
    throw unauthenticated('invalid');
  }
}

function verdictOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return unauthenticated('expired');
  if (!(error instanceof errors.JOSEError)) return error;
  if (tokenFaults.has(error.code)) return unauthenticated('invalid');
  return keySetFaults.has(error.code) ? new KeysUnavailableError(error) : error;
}
