import { signDevelopmentToken } from '../access/development-keys.ts';
import { permissions } from '../access/permissions.ts';
import type { Config } from '../config.ts';
import { demoTenant } from './demo.ts';

const daySeconds = 86_400;

/** A token for the demo's tenant. Undefined if tokens come from another issuer. */
export async function demoToken(config: Config): Promise<string | undefined> {
  if (config.production || config.jwt.jwksUrl !== undefined || config.jwt.jwks !== undefined)
    return undefined;
  return await signDevelopmentToken(config, {
    subject: 'demo',
    kind: 'user',
    tenant: demoTenant,
    email: 'demo@example.com',
    permissions,
    expiresInSeconds: daySeconds,
  });
}
