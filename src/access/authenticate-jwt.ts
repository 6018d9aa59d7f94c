import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import { KeysUnavailableError } from '../errors.ts';
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
  email_verified: z.boolean().nullish(),
  tenant: z.string().refine(isExternalId).nullish(),
  permissions: z.array(z.string()).nullish(),
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
  options: Readonly<{ keys: JWTVerifyGetKey; issuer: string; audience: string }>,
): Promise<JwtIdentity> {
  const parsed = claims.safeParse(await verify(token, options));
  if (!parsed.success) throw unauthenticated('invalid');
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

async function verify(
  token: string,
  { keys, issuer, audience }: Readonly<{ keys: JWTVerifyGetKey; issuer: string; audience: string }>,
): Promise<JWTPayload> {
  const options = {
    algorithms,
    issuer,
    audience,
    requiredClaims: ['sub', 'exp'],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(databaseNow()),
  };
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw verdictOf(error);
    // A token without `kid`, and a set with several keys of its kind (one being rotated out): any of them will do.
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
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
