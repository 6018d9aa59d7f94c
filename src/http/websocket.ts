import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs } from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Actor } from '../access/actor.ts';
import type { Authenticator } from '../access/authenticate.ts';
import type { Grant, GrantWatch } from '../access/grant-watch.ts';
import { RequestError } from '../errors.ts';
import type { Progress, Services } from '../graph/context.ts';
import { type MaskScope, maskError } from '../graph/mask-error.ts';
import { actorKey } from './graphql-endpoint.ts';
import type { Metrics } from './metrics.ts';
import type { Origins } from './origin.ts';
import type { RateLimit } from './rate-limit.ts';
import { maxBodyBytes } from './read-body.ts';
import type { RequestContext } from './request-context.ts';
import { closeCodes, SocketGuard } from './socket-guard.ts';
import type { DocumentGate } from './trusted-documents.ts';
import { maskResult } from './use-masked-results.ts';
import type { Yoga } from './yoga.ts';

const initTimeoutMs = 10_000;
/** Operations that may be open on one socket at the same time. */
const maxOperations = 100;

type Extra = { guard: SocketGuard; request: IncomingMessage; actor?: Actor; grant?: Grant };

export type WebSockets = Readonly<{
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket with 1012, so that clients connect again elsewhere; nothing is completed. */
  restart(): void;
}>;

/**
 * GraphQL over WebSocket (github.com/enisdenjo/graphql-ws, PROTOCOL.md) on the path /graphql, through the same Yoga
 * plugins as HTTP. What may go wrong with one operation is answered under its id; what is wrong with the client closes
 * the socket, with a code that tells it whether to come back:
 *
 * | code | why | come back? |
 * |---|---|---|
 * | 1009 | a message of more than 4 MiB, or 64 KiB before the credential | no |
 * | 1012 | this process shuts down | yes |
 * | 1013 | the credential could not be checked just now | yes |
 * | 4400, 4409, 4429 | the protocol was broken | no |
 * | 4401 | no credential, or not a valid one | no |
 * | 4403 | the credential has expired or was revoked | yes, with a fresh one |
 * | 4408 | no connection_init within 10 s | yes |
 * | 4510 | SLOW_CONSUMER: 30 s without reading | yes, with `after` |
 */
export function createWebSockets(options: {
  yoga: Yoga;
  services: Services;
  authenticator: Pick<Authenticator, 'authenticate'>;
  grantWatch: Pick<GrantWatch, 'watch'>;
  origins: Origins;
  rateLimit: RateLimit;
  metrics: Metrics;
  documentGate: DocumentGate;
  slowConsumerMs: number;
  scopeOf: (context: { requestId: string }) => MaskScope;
}): WebSockets {
  const { yoga, services, metrics } = options;
  const guards = new Set<SocketGuard>();
  const envelopedOf = new WeakMap<object, ReturnType<Yoga['getEnveloped']>>();
  const enveloped = (args: ExecutionArgs) => {
    const found = envelopedOf.get(Object(args.contextValue));
    if (found === undefined) throw new Error('Every operation over WebSocket is prepared in `prepare`.');
    return found;
  };

  /** Who connects. Closes the socket and answers false where it may not. */
  async function connect(parameters: Record<string, unknown>, extra: Extra): Promise<boolean> {
    const { guard } = extra;
    try {
      const actor = await options.authenticator.authenticate({
        authorization: text(parameters.authorization),
        tenantHeader: text(parameters['heliograph-tenant']),
      });
      if (actor === undefined) return refuse(guard, closeCodes.unauthorized, 'Send a credential.');
      if (guard.isClosed) return false;
      const grant = options.grantWatch.watch(actor);
      extra.actor = actor;
      guard.admit();
      extra.grant = grant;
      const end = () => guard.close(closeCodes.forbidden, messageOf(grant.signal.reason));
      if (grant.signal.aborted) return refuse(guard, closeCodes.forbidden, messageOf(grant.signal.reason));
      grant.signal.addEventListener('abort', end, { once: true });
      return true;
    } catch (error) {
      if (!(error instanceof RequestError)) {
        services.logger.error({ err: error }, 'credential of a WebSocket not checked');
        return refuse(guard, closeCodes.tryAgainLater, 'Try again later.');
      }
      if (error.code !== 'UNAUTHENTICATED') return refuse(guard, closeCodes.badRequest, error.message);
      const isOver = error.extensions.reason === 'expired' || error.extensions.reason === 'revoked';
      return refuse(guard, isOver ? closeCodes.forbidden : closeCodes.unauthorized, error.message);
    }
  }

  /** From a subscribe message to what is executed, or the errors to answer it with. */
  async function prepare(id: string, payload: SubscribePayload, extra: Extra, openOperations: number) {
    const { actor, grant, request, guard } = extra;
    const context: RequestContext = {
      services,
      actor,
      requestId: randomUUID(),
      idempotencyKey: undefined,
      transport: 'ws',
      progress: guard.track(id),
      ...(grant === undefined ? {} : { grantSignal: grant.signal }),
    };
    const mask = (error: unknown) => maskError(error, options.scopeOf(context));
    try {
      if (openOperations > maxOperations) throw tooManyOperations();
      options.rateLimit.take(actorKey(actor, request));
      const operation = yoga.getEnveloped({ ...context, params: payload });
      // `query` is always there over WebSocket: empty, where an id says it all.
      const document = operation.parse(options.documentGate(payload) ?? payload.query);
      const refusals = operation.validate(operation.schema, document);
      if (refusals.length > 0) {
        guard.forget(id);
        return refusals.map(mask);
      }
      const contextValue = await operation.contextFactory();
      envelopedOf.set(contextValue, operation);
      return {
        schema: operation.schema,
        document,
        operationName: payload.operationName,
        variableValues: payload.variables,
        contextValue,
      };
    } catch (error) {
      guard.forget(id);
      // Thrown on, one syntax error would close the socket with everything else on it.
      return [mask(error)];
    }
  }

  const protocol = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: initTimeoutMs,
    onConnect: ({ connectionParams, extra }) => connect(connectionParams ?? {}, extra),
    onSubscribe: ({ extra, subscriptions }, id, payload) =>
      prepare(id, payload, extra, Object.keys(subscriptions).length),
    execute: (args) => enveloped(args).execute(args),
    subscribe: (args) => enveloped(args).subscribe(args),
    onNext(_context, _id, _payload, args, result) {
      noteSent(Object(args.contextValue));
      if (result.errors === undefined) return undefined;
      const { errors = [], data } = maskResult(result, options.scopeOf(Object(args.contextValue)));
      const formatted = errors.map((error) => error.toJSON());
      return data === undefined ? { errors: formatted } : { errors: formatted, data };
    },
    onError(_context, _id, _payload, errors) {
      const scope = options.scopeOf({ requestId: randomUUID() });
      // Those of `prepare` have been masked; what a stream threw has not.
      return errors.map((error) =>
        (error.originalError === undefined && error.extensions.code !== undefined
          ? error
          : maskError(error, scope)
        ).toJSON(),
      );
    },
    onComplete({ extra }, id) {
      extra.guard.forget(id);
    },
    onClose({ extra }) {
      extra.grant?.release();
    },
  });

  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxBodyBytes,
    // Compression costs 300 KB a socket, and time for each message.
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols,
  });

  function accept(socket: WebSocket, request: IncomingMessage): void {
    const guard = new SocketGuard(socket, {
      slowConsumerMs: options.slowConsumerMs,
      onSlow: () => metrics.cutOff('ws'),
      onError: (error) => services.logger.error({ err: error }, 'message on a WebSocket not handled'),
    });
    guards.add(guard);
    const disconnected = metrics.connected();
    const closed = protocol.opened(guard, { guard, request });
    guard.onClose((code, reason) => {
      guards.delete(guard);
      disconnected();
      Promise.resolve(closed(code, reason)).catch((error: unknown) =>
        services.logger.error({ err: error }, 'subscriptions of a closed WebSocket not ended'),
      );
    });
  }

  return {
    upgrade(request, socket, head) {
      if (!options.origins.admits(request)) return refuseUpgrade(socket, '403 Forbidden');
      server.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, request));
    },
    restart() {
      for (const guard of guards)
        guard.close(closeCodes.serviceRestart, 'The server restarts: connect again.');
    },
  };
}

export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

const tooManyOperations = () =>
  new RequestError('RATE_LIMITED', `At most ${maxOperations} operations may be open on one socket.`, {
    limit: maxOperations,
  });

/** Closes, and answers that it may not go on. */
function refuse(guard: SocketGuard, code: number, reason: string): false {
  guard.close(code, reason);
  return false;
}

/** The message goes into the socket next: whoever reads the close that may follow has read it. */
function noteSent({ progress }: { progress?: Progress }): void {
  if (progress?.taken !== undefined) progress.position = progress.taken;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

const messageOf = (reason: unknown) => (reason instanceof Error ? reason.message : 'The credential is over.');
