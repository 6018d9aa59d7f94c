import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError, OperationTypeNode } from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Authenticator } from '../access/authenticate.ts';
import type { GrantWatch } from '../access/grant-watch.ts';
import { unauthenticated } from '../access/unauthenticated.ts';
import { RequestError } from '../errors.ts';
import { reviveLostNumbers } from '../exact-json.ts';
import type { Progress, Services } from '../graph/context.ts';
import { type MaskScope, maskError } from '../graph/mask-error.ts';
import type { HoldAnonymous } from '../http/anonymous-connections.ts';
import type { BadCredentials } from '../http/bad-credentials.ts';
import type { BodyBytes } from '../http/body-bytes.ts';
import type { ClientAddress } from '../http/client-address.ts';
import { type Holdings, retryAfterSeconds } from '../http/holdings.ts';
import type { LargeTurns } from '../http/large-turns.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Origins } from '../http/origin.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { maxBodyBytes } from '../http/read-body.ts';
import { actorKey } from '../transports/graphql-endpoint.ts';
import { checkedOperation, type readPostedOperation } from '../transports/graphql-request.ts';
import type { Operation, PreparedOperation } from '../transports/operation.ts';
import type { RequestContext } from '../transports/request-context.ts';
import { sharedTextOf } from '../transports/use-shared-results.ts';
import { closeCodes } from './close-codes.ts';
import { Connection, type ConnectionHost, newRequestId } from './connection.ts';
import { credentialsOf, namesCredential } from './connection-credentials.ts';
import { GuardedSocket } from './guarded-socket.ts';
import { refreshCredential } from './refresh-credential.ts';
import { SocketCredential } from './socket-credential.ts';
import { type GuardHost, SocketGuard } from './socket-guard.ts';

/** The longest time between two looks at all sockets. */
const lookEveryMs = 1_000;
/** The limit for operations that are open on one socket at the same time. */
const maxOperations = 100;

export type WebSockets = Readonly<{
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket with 1012, so that clients connect again elsewhere. Operations get no `complete` message. */
  restart(): void;
}>;

/**
 * GraphQL over WebSocket (github.com/enisdenjo/graphql-ws, PROTOCOL.md) on the path /graphql, through the same
 * pipeline as HTTP. An error of one operation is answered under its id. An error of the client closes the socket,
 * with a code that says whether to connect again (close-codes.ts).
 */
export function createWebSockets(options: {
  prepare: (
    asked: ReturnType<typeof readPostedOperation>,
    context: RequestContext,
    holder: string,
  ) => Promise<PreparedOperation>;
  services: Services;
  authenticator: Pick<Authenticator, 'authenticate'>;
  addressOf: ClientAddress;
  badCredentials: BadCredentials;
  grantWatch: Pick<GrantWatch, 'watch'>;
  origins: Origins;
  rateLimit: RateLimit;
  largeTurn: LargeTurns;
  bodyBytes: BodyBytes;
  metrics: Metrics;
  connections: Holdings;
  holdAnonymous: HoldAnonymous;
  slowConsumerMs: number;
  scopeOf: (context: { requestId: string }) => MaskScope;
}): WebSockets {
  const { services, metrics } = options;
  const guards = new Set<SocketGuard>();
  const operations = new WeakMap<object, { operation: Operation; connection: Connection }>();
  /** What `prepare` has prepared is executed once, so it is not kept as long as a subscription lasts. */
  const takeOperation = ({ contextValue }: ExecutionArgs) => {
    const found = operations.get(Object(contextValue));
    if (found === undefined) throw new Error('Every operation over WebSocket must be prepared in `prepare`.');
    operations.delete(Object(contextValue));
    return found;
  };

  /** Authenticates the client. Closes the socket and returns false if it is refused. */
  async function connect(parameters: Record<string, unknown>, connection: Connection) {
    const { guard, address } = connection;
    guard.initialised();
    try {
      const credentials = credentialsOf(parameters);
      const actor = await options.badCredentials.watch(address, credentials.authorization, () =>
        options.authenticator.authenticate(credentials),
      );
      if (actor === undefined) throw unauthenticated('invalid', 'Send a credential in `authorization`.');
      if (guard.isClosed) return false;
      const holder = actorKey(actor, address);
      connection.whenClosed(options.connections.hold(holder));
      const credential = new SocketCredential(actor, options.grantWatch);
      connection.tenantHeader = credentials.tenantHeader;
      connection.identify(credential, holder);
      return guard.isClosed ? false : { credential: credential.expiry() };
    } catch (error) {
      refuse(guard, error);
      return false;
    }
  }

  function refuse(guard: SocketGuard, error: unknown): void {
    guard.close(...closingFor(error, options.scopeOf({ requestId: newRequestId() })));
  }

  /** From a subscribe message to an executable operation, or the errors to answer it with. */
  async function prepare(
    id: string,
    payload: SubscribePayload,
    connection: Connection,
    openOperations: number,
  ) {
    const { credential, guard, address } = connection;
    const actor = credential?.actor;
    const operation = guard.track(id);
    const context: RequestContext = {
      services,
      actor,
      requestId: newRequestId(),
      idempotencyKey: undefined,
      transport: 'ws',
      progress: operation,
      sender: operation,
      ...(credential === undefined ? {} : { grantSignal: credential.ending }),
    };
    const mask = (error: unknown) => maskError(error, options.scopeOf(context));
    try {
      if (openOperations > maxOperations) throw tooManyOperations();
      const holder = actorKey(actor, address);
      options.rateLimit.take(holder);
      const prepared = await options.prepare(checkedOperation({ ...payload }), context, holder);
      if ('refusals' in prepared) {
        guard.forget(id);
        return prepared.refusals.map(mask);
      }
      const contextValue = Object(prepared.operation.args.contextValue);
      operation.context = contextValue;
      operations.set(contextValue, { operation: prepared.operation, connection });
      // The protocol keeps the message as long as the operation is open.
      Object.assign(payload, { query: '', variables: undefined });
      return prepared.operation.args;
    } catch (error) {
      guard.forget(id);
      // If this were thrown, one syntax error would close the socket with all its other operations.
      return [mask(error)];
    }
  }

  /**
   * Answers a ping. A credential in its payload replaces the socket's. Only one is checked at a time, so that the
   * last one sent is the one that remains.
   */
  async function answerPing(
    connection: Connection,
    payload: Record<string, unknown> | null | undefined,
  ): Promise<void> {
    const { guard } = connection;
    if (payload == null) return await guard.pong();
    if (!namesCredential(payload)) return await guard.pong(payload);
    const { id } = payload;
    const checked = async () => {
      const answer = await refreshCredential(payload, {
        credential: connection.credential,
        tenantHeader: connection.tenantHeader,
        authenticator: options.authenticator,
        count: () => options.rateLimit.take(actorKey(connection.credential?.actor, connection.address)),
        scope: options.scopeOf({ requestId: newRequestId() }),
      });
      // The permission of a running operation is checked again before each message.
      for (const { context } of guard.operations)
        if (context !== undefined) context.actor = connection.credential?.actor;
      await guard.pong({ ...(id === undefined ? {} : { id }), credential: answer });
    };
    connection.refreshing = (connection.refreshing ?? Promise.resolve()).then(checked);
    await connection.refreshing;
  }

  /** If an operation cannot even start, the error is answered under its id. */
  async function run(args: ExecutionArgs) {
    const { operation, connection } = takeOperation(args);
    try {
      return await operation.run(operation.type === OperationTypeNode.QUERY ? connection.gone : undefined);
    } catch (error) {
      // The client has left.
      if (connection.isGone) return { data: null };
      const originalError = error instanceof Error ? error : new Error(String(error));
      return { errors: [new GraphQLError(originalError.message, { originalError })] };
    }
  }

  const protocol = makeServer<Record<string, unknown>, Connection>({
    // The guard sees to it, without a timer for each socket.
    connectionInitWaitTimeout: 0,
    jsonMessageReviver: reviveLostNumbers,
    async onConnect(context) {
      const { connectionParams, extra } = context;
      // The token need not stay in memory.
      Object.assign(context, { connectionParams: undefined });
      return await connect(connectionParams ?? {}, extra);
    },
    onSubscribe: ({ extra, subscriptions }, id, payload) =>
      prepare(id, payload, extra, Object.keys(subscriptions).length),
    execute: run,
    subscribe: run,
    onNext({ extra }, _id, _payload, args, result) {
      if (result.data != null) noteSent(Object(args.contextValue));
      const text = sharedTextOf(result);
      if (text !== undefined) return extra.guard.payloadOf(text);
      if (result.errors === undefined) return undefined;
      const scope = options.scopeOf(Object(args.contextValue));
      const errors = result.errors.map((error) => maskError(error, scope).toJSON());
      return result.data === undefined ? { errors } : { errors, data: result.data };
    },
    onError(_context, _id, _payload, errors) {
      const scope = options.scopeOf({ requestId: newRequestId() });
      // The errors of `prepare` have been masked, but errors thrown by a stream have not.
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
    onClose: ({ extra }) => extra.release(),
  });

  const server = new WebSocketServer({
    noServer: true,
    WebSocket: GuardedSocket,
    maxPayload: maxBodyBytes,
    // Compression would cost 300 KB for each socket, and time for each message.
    perMessageDeflate: false,
    clientTracking: false,
    // One message in each turn of the event loop: several in one chunk would keep everybody else waiting.
    allowSynchronousEvents: false,
    handleProtocols,
  });

  const guardHost: GuardHost = {
    guards,
    slowConsumerMs: options.slowConsumerMs,
    largeTurn: options.largeTurn,
    bodyBytes: options.bodyBytes,
    onSlow: () => metrics.cutOff('ws'),
    onError: (error) => services.logger.error({ err: error }, 'could not handle a message on a WebSocket'),
  };
  const connectionHost: ConnectionHost = {
    answerPing,
    refuse,
    onError: (error) =>
      services.logger.error({ err: error }, 'could not end the subscriptions of a closed WebSocket'),
  };
  let looking: NodeJS.Timeout | undefined;

  /** One timer for all sockets, as long as there is one. */
  function lookAtAll(): void {
    const now = performance.now();
    for (const guard of guards) guard.look(now);
    if (guards.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  function accept(
    socket: GuardedSocket,
    opened: { stream: Duplex; address: string; identified: () => void },
  ) {
    const { stream, address, identified } = opened;
    const guard = new SocketGuard(socket, stream, guardHost);
    guards.add(guard);
    looking ??= setInterval(lookAtAll, Math.min(lookEveryMs, options.slowConsumerMs / 4)).unref();
    const onEnd = metrics.connected();
    const connection = new Connection({ guard, host: connectionHost, address, identified, onEnd });
    connection.ended = protocol.opened(guard, connection);
    guard.setOwner(connection);
  }

  /** Undefined if there are too many connections without authentication. */
  function tryHold(address: string): (() => void) | undefined {
    try {
      return options.holdAnonymous(address);
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }

  return {
    upgrade(request, socket, head) {
      if (!options.origins.admits(request)) return refuseUpgrade(socket, '403 Forbidden');
      const address = options.addressOf(request);
      const release = tryHold(address);
      if (release === undefined) {
        refuseUpgrade(socket, '429 Too Many Requests', { 'retry-after': String(retryAfterSeconds) });
        return;
      }
      // Not when it is closed, because what the client goes on to send still needs memory until it has gone.
      socket.on('close', release);
      const identified = () => {
        release();
        socket.off('close', release);
      };
      server.handleUpgrade(request, socket, head, (webSocket) =>
        accept(webSocket, { stream: request.socket, address, identified }),
      );
    },
    restart() {
      for (const guard of guards)
        guard.close(closeCodes.serviceRestart.code, 'The server is restarting. Connect again.');
    },
  };
}

export function refuseUpgrade(
  socket: Duplex,
  status: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const lines = Object.entries({ connection: 'close', 'content-length': '0', ...headers });
  socket.end(`HTTP/1.1 ${status}\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n`);
}

const tooManyOperations = () =>
  new RequestError('RATE_LIMITED', `At most ${maxOperations} operations may be open on one socket.`, {
    retryAfterSeconds,
    limit: maxOperations,
  });

/** The message is written before a close frame that may follow, so a client that reads the close has read it. */
function noteSent({ progress }: { progress?: Progress }): void {
  if (progress?.taken !== undefined) progress.position = progress.taken;
}

/** The close code and reason for a client that is refused or no longer allowed. */
function closingFor(error: unknown, scope: MaskScope): [code: number, reason: string] {
  const { message, extensions } = maskError(error, scope);
  switch (extensions.code) {
    case 'UNAUTHENTICATED': {
      const isOver = extensions.reason === 'expired' || extensions.reason === 'revoked';
      return [(isOver ? closeCodes.forbidden : closeCodes.unauthorized).code, message];
    }
    case 'RATE_LIMITED':
      return [closeCodes.tooMany.code, message];
    case 'UNAVAILABLE':
    case 'INTERNAL':
      return [closeCodes.tryAgainLater.code, message];
    default:
      return [closeCodes.badRequest.code, message];
  }
}
