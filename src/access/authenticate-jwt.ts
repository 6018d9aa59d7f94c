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
import { isLine, lineRule } from '../text.ts';
import { type Permission, permissions } from './permissions.ts';
import { isExternalId } from './tenant-identity.ts';
import { unauthenticated } from './unauthenticated.ts';

/** Only asymmetric algorithms: with `none` or an HMAC, anybody who can verify a token could also create one. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
/** The clocks of issuers differ a little, but a credential must still stop working within 5 s of its expiry. */
const clockToleranceSeconds = 5;
const maxTextLength = 255;

/** The content of a platform token whose signature, issuer, audience and times have been verified. */
export type JwtIdentity = Readonly<{
  subject: string;
  kind: 'USER' | 'SERVICE';
  email: string | undefined;
  verifiedEmail: string | undefined;
  tenantExternalId: string | undefined;
  permissions: ReadonlySet<Permission>;
  /** Undefined if the token does not say. */
  issuedAt: Date | undefined;
  expiresAt: Date;
}>;

// It is stored and displayed with whatever its bearer does.
const text = z.string().refine((value) => isLine(value, maxTextLength), lineRule(maxTextLength));

/** The claims that we use. We ignore other claims, and permissions that we do not know. */
const claims = z.object({
  sub: text,
  exp: z.number().max(8_640_000_000_000),
  iat: z.number().min(0).max(8_640_000_000_000).nullish(),
  email: text.nullish(),
  // Several issuers write a boolean as a string.
  email_verified: z
    .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
    .nullish(),
  tenant: z.string().refine(isExternalId).nullish(),
  // A single string holds names separated by spaces, like the claim `scope` (RFC 8693, section 4.2).
  permissions: z.union([z.array(z.string()), z.string().transform((text) => text.split(/ +/))]).nullish(),
  kind: z.enum(['user', 'service']).nullish(),
});

/** The errors of jose that mean the token is invalid. */
const tokenFaults = new Set<string>([
  errors.JWTInvalid.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSNoMatchingKey.code,
]);

/**
 * The errors that mean the document at the issuer's URL is bad: not JSON, or not a key set. The first is the base
 * class of all errors of jose.
 */
const keySetFaults = new Set<string>([
  errors.JOSEError.code,
  errors.JWKSInvalid.code,
  errors.JWKSTimeout.code,
]);

/**
 * Verifies a JWT. Throws UNAUTHENTICATED for an invalid token, and another error if it cannot be verified at the
 * moment.
 */
export async function authenticateJwt(
  token: string,
  options: Readonly<{ keys: JWTVerifyGetKey; issuer: string; audience: string; logger?: Logger }>,
): Promise<JwtIdentity> {
  const refuse = (claim: string, why: string) => {
    // This is for the operator, who is the only one to see what the issuer writes. It never logs the claim's value or
    // the token.
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
    // A token with a future issue date could survive a revocation of all tokens before a date.
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
 * An issuer signs other tokens with the same keys. An ID token tells a client who has signed in, and must not work as
 * an access token. It is recognised by its type (RFC 9068, section 2.1; Keycloak's claim `typ`, Cognito's
 * `token_use`) and by its claims.
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
    // If a token has no `kid` and the set has several keys of its kind (for example during a rotation), any of them
    // may verify it.
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
