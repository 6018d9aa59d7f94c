import type { Actor } from '../../src/access/actor.ts';
import type { Permission } from '../../src/access/permissions.ts';

const actor = (label: string, permissions: Permission[], more: Partial<Actor> = {}): Actor => ({
  kind: 'API_KEY',
  actorId: label,
  label,
  permissions: new Set(permissions),
  tenantId: '01890000-0000-7000-8000-000000000001',
  appId: undefined,
  verifiedEmail: undefined,
  expiresAt: undefined,
  ...more,
});

/** By their labels, which are also their bearer tokens. */
export const actors = {
  full: actor('full', ['MANAGE_WEBHOOKS']),
  poor: actor('poor', ['PUBLISH_EVENTS']),
  user: actor('user', [], { kind: 'USER', verifiedEmail: 'u@example.com' }),
  stranger: actor('stranger', [], { kind: 'USER' }),
  app: actor('app', [], { kind: 'APP', tenantId: undefined, appId: '01890000-0000-7000-8000-000000000002' }),
  service: actor('service', ['MANAGE_WEBHOOKS'], { kind: 'SERVICE', tenantId: undefined }),
};

export type Label = keyof typeof actors;
