import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import type { Authenticator } from './access/authenticate.ts';
import type { GrantWatch } from './access/grant-watch.ts';
import { ConfigError } from './config.ts';
import type { Services } from './graph/context.ts';
import type { MaskScope } from './graph/mask-error.ts';
import { createAnonymousConnections } from './http/anonymous-connections.ts';
import { answerRoute } from './http/answer-route.ts';
import { BadCredentials } from './http/bad-credentials.ts';
import { BodyBytes } from './http/body-bytes.ts';
import { createClientAddress } from './http/client-address.ts';
import { healthRoutes, type Readiness } from './http/health.ts';
import { Holdings } from './http/holdings.ts';
import { createHosts, readTarget } from './http/hosts.ts';
import { indexRoute } from './http/index-page.ts';
import { createLargeTurns } from './http/large-turns.ts';
import { leavingOf } from './http/leaving.ts';
import { createRouter } from './http/match-route.ts';
import type { Metrics } from './http/metrics.ts';
import { metricsRoute } from './http/metrics-route.ts';
import { Origins } from './http/origin.ts';
import { RateLimit } from './http/rate-limit.ts';
import type { Route } from './route.ts';

import { createGraphQLEndpoint } from './transports/graphql-endpoint.ts';
import { createOperations } from './transports/operation.ts';
import { schemaRoute } from './transports/schema-route.ts';
import { slowConsumerMs, streamHeartbeatMs } from './transports/send-results.ts';
import { createDocumentGate, type TrustedDocuments } from './transports/trusted-documents.ts';
import { createGraphQLYoga } from './transports/yoga.ts';
import { createWebSockets, refuseUpgrade } from './websocket/websocket.ts';

/** The time for a client to send a whole request: 4 MiB at 70 kB/s. It limits clients that send one byte a minute. */
const requestTimeoutMs = 60_000;
const headersTimeoutMs = 10_000;
/**
 * This is longer than load balancers keep idle connections (60 s), so that they close an idle connection and not we,
 * who could close one with a request on its way.
 */
const keepAliveTimeoutMs = 65_000;
const tcpKeepAliveMs = 30_000;
/** A credential has up to 8 KiB. */
const maxHeaderBytes = 16 * 1024;

export type HttpServer = Readonly<{
  /** Starts to listen and returns the address, which tells the port if it was 0. Throws a ConfigError if it cannot. */
  listen(): Promise<{ port: number; url: string }>;
  /**
   * Accepts nothing new and ends what is open: WebSockets with 1012, and event streams without a last event, so that
   * clients connect again elsewhere. Connections that are still open after the deadline are cut.
   */
  drain(deadlineMs: number): Promise<void>;
}>;

export type HttpServerOptions = Readonly<{
  schema: GraphQLSchema;
  services: Services;
  authenticator: Pick<Authenticator, 'authenticate'>;
  grantWatch: Pick<GrantWatch, 'watch'>;
  readiness: Readiness;
  metrics: Metrics;
  /** The documents that may be sent by id. With TRUSTED_DOCUMENTS_ONLY no others are accepted. */
  trustedDocuments?: TrustedDocuments;
  /** In development, the token with which GraphiQL opens for somebody on this machine. */
  developmentToken?: () => Promise<string | undefined>;
  /** The routes of other rooms. */
  routes?: readonly Route[];
  slowConsumerMs?: number;
  streamHeartbeatMs?: number;
}>;

/** The HTTP server: /graphql over HTTP, server-sent events and WebSocket, and the other routes. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { schema, services, metrics } = options;
  const { config, logger } = services;
  const { production } = config;
  let draining = false;

  const scopeOf = (context: object): MaskScope => ({
    requestId: 'requestId' in context ? String(context.requestId) : randomUUID(),
    logger,
    hideSuggestions: production,
  });
  const documentGate = createDocumentGate({
    documents: options.trustedDocuments ?? new Map(),
    only: config.trustedDocumentsOnly,
  });
  const holdings = (what: 'subscriptions' | 'connections', most: number) =>
    new Holdings({ what, most, onRefused: () => metrics.tooMany(what) });
  const subscriptions = holdings('subscriptions', config.maxSubscriptionsPerActor);
  const connections = holdings('connections', config.maxConnectionsPerActor);
  const anonymous = createAnonymousConnections({
    most: config.maxAnonymousConnections,
    mostOfAddress: config.maxAnonymousConnectionsPerAddress,
    metrics,
  });
  const bodyBytes = new BodyBytes({ onRefused: () => metrics.tooMany('body_bytes') });
  metrics.observeHoldings({
    subscriptions,
    connections,
    anonymous_connections: anonymous.ofAddress,
    body_bytes: bodyBytes,
  });
  const yoga = createGraphQLYoga({ ...options, production });
  const addressOf = createClientAddress(config.trustedProxies);
  const badCredentials = new BadCredentials({ perMinute: config.badCredentialsPerMinute, metrics });
  const isOurHost = createHosts(config);
  const shared = {
    ...options,
    addressOf,
    badCredentials,
    prepare: createOperations({ yoga, documentGate, subscriptions }),
    connections,
    holdAnonymous: anonymous.hold,
    origins: new Origins(config),
    rateLimit: new RateLimit(config.rateLimitPerMinute),
    largeTurn: createLargeTurns(),
    bodyBytes,
    production,
    slowConsumerMs: options.slowConsumerMs ?? slowConsumerMs,
    streamHeartbeatMs: options.streamHeartbeatMs ?? streamHeartbeatMs,
    scopeOf,
  };
  const graphql = createGraphQLEndpoint(shared);
  const webSockets = createWebSockets(shared);
  const apiRoutes = [
    indexRoute({ production, console: options.routes?.some(({ path }) => path === '/console') === true }),
    ...(production ? [] : [schemaRoute(schema)]),
    ...(options.routes ?? []),
  ];
  const findRoute = createRouter([
    ...healthRoutes({ readiness: options.readiness, isDraining: () => draining }),
    metricsRoute(metrics),
    ...(config.role === 'worker' ? [] : apiRoutes),
  ]);
  /** A worker only sends. Its server has only the health routes and the metrics. */
  const graphqlPath = config.role === 'worker' ? undefined : '/graphql';
  const unanswered = new Set<ServerResponse>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request);
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const startedAt = performance.now();
    response.setHeader('x-request-id', requestId);
    response.setHeader('x-content-type-options', 'nosniff');
    if (draining) response.setHeader('connection', 'close');
    const gone = leavingOf(request, response);
    unanswered.add(response);
    gone.addEventListener('abort', () => unanswered.delete(response), { once: true });
    // Monitoring may use any host name.
    if (!isOurHost(request) && path !== '/healthz' && path !== '/readyz') {
      misdirected(response);
      return;
    }
    if (path === graphqlPath) {
      response.once('close', () => {
        if (isStream(response)) return;
        metrics.requested(
          methodOf(request),
          path,
          response.statusCode,
          (performance.now() - startedAt) / 1000,
        );
      });
      return await graphql(request, response, { requestId, gone });
    }
    const match = findRoute(request.method ?? 'GET', path);
    response.once('close', () => {
      const route = match.kind === 'route' ? match.route.path : 'none';
      metrics.requested(
        methodOf(request),
        route,
        response.statusCode,
        (performance.now() - startedAt) / 1000,
      );
    });
    await answerRoute(match, {
      request,
      response,
      requestId,
      path,
      logger,
      address: addressOf(request),
      badCredentials,
      bodyBytes,
    });
  }

  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
      // This notices clients of event streams that have disappeared without closing.
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
    },
    (request, response) => {
      readTarget(request);
      handle(request, response).catch((error: unknown) => {
        logger.error({ err: error }, 'could not answer a request');
        response.destroy();
      });
    },
  );
  metrics.observeConnections(server);
  server.on('upgrade', (request, socket, head) => {
    // Without a listener, an error of the socket would end the process.
    socket.on('error', () => undefined);
    readTarget(request);
    const path = (request.url ?? '').split('?', 1)[0];
    if (draining) refuseUpgrade(socket, '503 Service Unavailable');
    else if (!isOurHost(request)) refuseUpgrade(socket, '421 Misdirected Request');
    else if (path !== graphqlPath) refuseUpgrade(socket, '404 Not Found');
    else webSockets.upgrade(request, socket, head);
  });

  return {
    listen: () => listen(server, config),
    async drain(deadlineMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      webSockets.restart();
      for (const response of unanswered) {
        if (!response.headersSent) response.setHeader('connection', 'close');
        // There is no `complete`, so for the client the connection was lost, and it connects again.
        else if (isStream(response)) response.end();
      }
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** RFC 9110, section 15.5.20. */
function misdirected(response: ServerResponse): void {
  const message =
    'This server does not accept the host name in the header `Host`. Add the name to ALLOWED_HOSTS, or set PUBLIC_URL.';
  response.writeHead(421, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
  response.end(JSON.stringify({ error: { code: 'MISDIRECTED', message } }));
}

const isStream = (response: ServerResponse) =>
  /^(text\/event-stream|multipart\/mixed)/.test(String(response.getHeader('content-type')));

function listen(
  server: Server,
  config: { host: string; port: number },
): Promise<{ port: number; url: string }> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      reject(new ConfigError(`${error.message}: ${listenHint(error.code)}`));
    };
    server.once('error', refuse);
    server.listen(config.port, config.host, () => {
      server.off('error', refuse);
      const { port, family, address } = server.address() as AddressInfo;
      const host =
        address === '0.0.0.0' || address === '::'
          ? 'localhost'
          : family === 'IPv6'
            ? `[${address}]`
            : address;
      resolve({ port, url: `http://${host}:${port}` });
    });
  });
}

function listenHint(code: string | undefined): string {
  if (code === 'EADDRINUSE') return 'the port is in use already. Set PORT to another one.';
  if (code === 'EACCES') return 'this user may not listen on this port. Set PORT to a number above 1023.';
  return 'see HOST and PORT.';
}

/** A request id of the caller is used if it is safe to write into logs. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
}

const knownMethods = ['GET', 'POST', 'HEAD', 'OPTIONS'];
const methodOf = ({ method = '' }: IncomingMessage) => (knownMethods.includes(method) ? method : 'other');
