import type { JWTPayload } from 'jose';
import { createIssuer, goodClaims } from '../access/issuer.ts';

/** Every permission, as tokens name them. */
export const everyPermission = [
  'manage_webhooks',
  'publish_events',
  'manage_event_types',
  'manage_api_keys',
  'manage_apps',
  'read_audit_log',
  'manage_tenants',
];

/** An issuer that started servers trust, because of `environment`. */
export type TokenIssuer = Readonly<{
  environment: Readonly<Record<string, string>>;
  /** A token of a user of the tenant `acme` with every permission. A claim that is undefined is left out. */
  sign(claims?: Readonly<Record<string, unknown>>): Promise<string>;
}>;

export async function createTokenIssuer(): Promise<TokenIssuer> {
  const issuer = await createIssuer();
  const usual = goodClaims();
  return {
    environment: {
      JWT_JWKS: issuer.jwks,
      JWT_ISSUER: textOf(usual, 'iss'),
      JWT_AUDIENCE: textOf(usual, 'aud'),
    },
    sign: (claims = {}) => issuer.sign(goodClaims({ permissions: everyPermission, ...claims })),
  };
}

function textOf(claims: JWTPayload, name: string): string {
  const value = claims[name];
  if (typeof value !== 'string') throw new Error(`The usual claims have no ${name}.`);
  return value;
}
