import { readConfig } from '../../src/config.ts';
import { TenantLimits } from '../../src/limits/tenant-limits.ts';

/** The limits of a tenant as they usually are, but for those that are given. */
export const limitsWith = (changed: Partial<Record<keyof ReturnType<typeof usual>, number>> = {}) =>
  new TenantLimits({ limits: { ...usual(), ...changed } });

const usual = () => readConfig({ NODE_ENV: 'test' }).limits;
