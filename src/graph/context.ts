import type { Actor } from '../access/actor.ts';
import type { EndSignal } from '../access/ending.ts';
import type { Config } from '../config.ts';
import type { Hints } from '../db/listen.ts';
import type { Database } from '../db/pool.ts';
import { badUserInput, RequestError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { TraceContext } from '../tracing/trace-context.ts';

/**
 * The parts of the program that resolvers use. They are joined in `app.ts`. A later room adds its own part by
 * declaration merging, beside the code that needs it:
 * `declare module '../graph/context.ts' { interface Services { hub: Hub } }`.
 */
export interface Services {
  config: Config;
  database: Database;
  logger: Logger;
  hints: Hints;
}

/**
 * The source notes the position that it has handed out as `taken`. `position` is the position that has been written
 * to the socket.
 */
export type Progress = {
  taken?: number;
  position?: number;
  /** Called when the log has been covered further and there is no message to tell it. */
  onCovered?: (position: number) => void;
};

/** The context of one request or one subscription. */
export type Context = {
  services: Services;
  /** Undefined if there is no credential. */
  actor: Actor | undefined;
  requestId: string;
  /** The `Idempotency-Key` header, unquoted. */
  idempotencyKey: string | undefined;
  /** The caller's place in a trace, from the header `traceparent`. Operations over WebSocket have none. */
  traceContext?: TraceContext | undefined;
  /** Aborted when the actor's credential has expired or was revoked. Only subscriptions have it. */
  grantSignal?: EndSignal;
  /** Aborted when the client has left. Only queries have it: a mutation that has begun continues. */
  gone?: AbortSignal;
  /** `Last-Event-ID` of an event stream: the position after which it resumes, whatever the operation says. */
  resumeAfter?: number;
  /**
   * The position up to which a subscription's client has been told, so that a client that is disconnected can learn
   * it.
   */
  progress?: Progress;
  /**
   * Set by the source of a subscription whose events are handed to several subscribers as the same objects, and whose
   * root field resolves to the event whatever its arguments are: results may then be shared, too.
   */
  hasSharedEvents?: boolean;
  /**
   * Set by the transport: sends an event's result at once, past the subscription's stream, while the client has asked
   * for the next one. False where that is not possible: the event then goes through the stream. Never throws.
   */
  offerEvent?: (event: object) => boolean;
};

/** The caller. Throws UNAUTHENTICATED if there is no credential. */
export function requireActor(context: Pick<Context, 'actor'>): Actor {
  if (context.actor === undefined) {
    throw new RequestError('UNAUTHENTICATED', 'Send a credential: `authorization: Bearer <token>`.');
  }
  return context.actor;
}

/** UUID of the tenant that the caller acts for. Throws BAD_USER_INPUT if it acts for none. */
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
