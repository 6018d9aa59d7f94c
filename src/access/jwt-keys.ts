import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { type Config, ConfigError } from '../config.ts';
import { fetchKeys } from '../egress/fetch-keys.ts';
import { developmentKeys } from './development-keys.ts';
import { IssuerKeys } from './issuer-keys.ts';

/** The keys that verify JWTs: the issuer's by URL, the configured ones, or our own in development. */
export function jwtKeys(config: Pick<Config, 'jwt' | 'dataDir'>): JWTVerifyGetKey {
  const { jwksUrl, jwks } = config.jwt;
  if (jwksUrl !== undefined) return new IssuerKeys(() => fetchKeys(jwksUrl)).get;
  if (jwks === undefined) return createLocalJWKSet(developmentKeys(config.dataDir).publicKeys);
  try {
    const keySet: JSONWebKeySet = JSON.parse(jwks);
    return createLocalJWKSet(keySet);
  } catch {
    throw new ConfigError('Configuration: JWT_JWKS must be a JSON Web Key Set: {"keys":[{"kty":…},…]}.');
  }
}
