import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { readConfig } from '../../src/config.ts';

/** A signer of tokens: the platform's own issuer, or a stranger. */
export type Issuer = Readonly<{
  jwks: string;
  sign(claims: JWTPayload, options?: { alg?: string; kid?: string | undefined }): Promise<string>;
}>;

const issuerName = 'https://issuer.example';
const audience = 'heliograph-test';

export async function createIssuer(
  algorithm = 'ES256',
  keyIds: readonly string[] = ['one'],
): Promise<Issuer> {
  const keys = await Promise.all(
    keyIds.map(async (kid) => ({ kid, ...(await generateKeyPair(algorithm, { extractable: true })) })),
  );
  const publicKeys = await Promise.all(
    keys.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg: algorithm })),
  );
  const [newest] = keys.slice(-1);
  if (newest === undefined) throw new Error('An issuer needs a key.');
  return {
    jwks: JSON.stringify({ keys: publicKeys }),
    sign(claims, options = { kid: newest.kid }) {
      const header = {
        alg: options.alg ?? algorithm,
        ...(options.kid === undefined ? {} : { kid: options.kid }),
      };
      return new SignJWT(claims).setProtectedHeader(header).sign(newest.privateKey);
    },
  };
}

/** Valid claims. A test changes one, or leaves it out by setting it to undefined. */
export function goodClaims(changed: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  const good = { sub: 'user-1', iss: issuerName, aud: audience, iat: now, exp: now + 600, tenant: 'acme' };
  return Object.fromEntries(
    Object.entries({ ...good, ...changed }).filter(([, value]) => value !== undefined),
  );
}

export function configWith(environment: NodeJS.ProcessEnv) {
  return readConfig({ JWT_ISSUER: issuerName, JWT_AUDIENCE: audience, ...environment });
}
