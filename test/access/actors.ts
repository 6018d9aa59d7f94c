import type { Actor } from '../../src/access/actor.ts';
import { type Permission, permissions } from '../../src/access/permissions.ts';

/** A service with every permission, for a tenant or for none. */
export function serviceActor(tenantId?: string, granted: readonly Permission[] = permissions): Actor {
  return {
    kind: 'SERVICE',
    actorId: 'billing',
    label: 'billing',
    permissions: new Set(granted),
    tenantId,
    appId: undefined,
    verifiedEmail: undefined,
    expiresAt: undefined,
  };
}
