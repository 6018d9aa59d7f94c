import type { By } from '../access/actor.ts';
import type { AddressGuard } from '../egress/address-guard.ts';
import { type Context, requireActor } from '../graph/context.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import { type EndpointRules, endpointRules } from './endpoint-input.ts';
import type { Handshakes } from './handshakes.ts';

declare module '../graph/context.ts' {
  interface Services {
    addressGuard: AddressGuard;
    signingSecrets: SigningSecrets;
    limits: TenantLimits;
    handshakes: Handshakes;
  }
}

export function byOf(context: Context): By {
  return { actor: requireActor(context), requestId: context.requestId };
}

export function rulesOf({ services }: Context): EndpointRules {
  return endpointRules(services.database, services.config, services.addressGuard);
}
