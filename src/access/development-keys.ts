import { generateKeyPairSync } from 'node:crypto';
import { importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import { type Config, ConfigError, keepInDataDir } from '../config.ts';
import type { Permission } from './permissions.ts';

const fileName = 'dev-jwk.json';
const keyId = 'development';

const privateJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});

/**
 * The key pair that replaces the platform's issuer in development. It is generated on the first start and then kept.
 */
export function developmentKeys(dataDir: string): { privateKey: JWK; publicKeys: JSONWebKeySet } {
  const kept = keepInDataDir(dataDir, fileName, () =>
    JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })),
  );
  const { kty, crv, x, y, d } = privateJwk.parse(JSON.parse(kept));
  const publicKey = { kty, crv, x, y, alg: 'ES256', use: 'sig', kid: keyId };
  return { privateKey: { ...publicKey, d }, publicKeys: { keys: [publicKey] } };
}

export type DevelopmentClaims = Readonly<{
  subject: string;
  kind: 'user' | 'service';
  tenant?: string | undefined;
  email?: string | undefined;
  permissions: readonly Permission[];
  expiresInSeconds: number;
}>;

/**
 * Creates a JWT like those of the platform's issuer. It is refused if a real issuer is configured, because the token
 * would not verify.
 */
export async function signDevelopmentToken(
  config: Pick<Config, 'production' | 'jwt' | 'dataDir'>,
  claims: DevelopmentClaims,
): Promise<string> {
  const { issuer, audience, jwksUrl, jwks } = config.jwt;
  if (config.production) throw new ConfigError('Development tokens are not made with NODE_ENV=production.');
  if (jwksUrl !== undefined || jwks !== undefined) {
    throw new ConfigError('JWT_JWKS_URL or JWT_JWKS is set, so tokens must come from that issuer.');
  }
  const { privateKey } = developmentKeys(config.dataDir);
  const now = Math.floor(databaseNow() / 1000);
  const { subject, kind, tenant, email, permissions, expiresInSeconds } = claims;
  return new SignJWT({
    kind,
    permissions: permissions.map((permission) => permission.toLowerCase()),
    ...(tenant === undefined ? {} : { tenant }),
    ...(email === undefined ? {} : { email, email_verified: true }),
  })
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setSubject(subject)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresInSeconds)
    .sign(await importJWK(privateKey, 'ES256'));
}
