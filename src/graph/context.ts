import type { Actor } from '../access/actor.ts';
import type { Config } from '../config.ts';
import type { Hints } from '../db/listen.ts';
import type { Database } from '../db/pool.ts';
import { badUserInput, RequestError } from '../errors.ts';
import type { Logger } from '../log.ts';

/**
 * What resolvers reach the program's parts by. Joined in `app.ts`; a later room adds its own part here by
 * declaration merging, beside the code that needs it:
 * `declare module '../graph/context.ts' { interface Services { hub: Hub } }`.
 */
export interface Services {
  config: Config;
  database: Database;
  logger: Logger;
  hints: Hints;
}

/** The source notes what it gives out as `taken`; what of it has gone into the socket is the `position`. */
export type Progress = {
  taken?: number;
  position?: number;
  /** Called where the log has been covered further and there is no message to say so. */
  onCovered?: (position: number) => void;
};

/** One request's, or one subscription's, context. */
export type Context = {
  services: Services;
  /** Undefined where no credential came along. */
  actor: Actor | undefined;
  requestId: string;
  /** The `Idempotency-Key` header, unquoted. */
  idempotencyKey: string | undefined;
  /** Aborted once the actor's credential has expired or was revoked; set for subscriptions alone. */
  grantSignal?: AbortSignal;
  /** `Last-Event-ID` of an event stream: the position after which it resumes, whatever the operation says. */
  resumeAfter?: number;
  /** Up to where a subscription's client has been told, so that one that is cut off learns it. */
  progress?: Progress;
};

/** The caller. Throws UNAUTHENTICATED where no credential came along. */
export function requireActor(context: Pick<Context, 'actor'>): Actor {
  if (context.actor === undefined) {
    throw new RequestError('UNAUTHENTICATED', 'Send a credential: `authorization: Bearer <token>`.');
  }
  return context.actor;
}

/** UUID of the tenant in whose name the caller asks. Throws BAD_USER_INPUT where it asks in nobody's. */
export function requireTenant(context: Pick<Context, 'actor'>): string {
  const actor = requireActor(context);
  if (actor.tenantId === undefined) {
    throw badUserInput(
      actor.kind === 'SERVICE'
        ? 'This needs a tenant. Send its externalId in the header (or connection parameter) `heliograph-tenant`.'
        : 'This credential belongs to no tenant.',
    );
  }
  return actor.tenantId;
}
