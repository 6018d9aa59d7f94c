import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Actor } from '../access/actor.ts';
import type { Authenticator } from '../access/authenticate.ts';
import { badUserInput, RequestError } from '../errors.ts';
import type { Services } from '../graph/context.ts';
import { type MaskScope, maskError } from '../graph/mask-error.ts';
import { parseIdempotencyHeader } from '../idempotency/resolve-key.ts';
import { declareRoute } from '../route.ts';
import { graphiqlPage, graphiqlPolicy } from './graphiql.ts';
import { isTooDeep, maxJsonDepth } from './json-depth.ts';
import type { Metrics } from './metrics.ts';
import type { Origins } from './origin.ts';
import type { RateLimit } from './rate-limit.ts';
import { createTurns, endUnread, readBody } from './read-body.ts';
import type { RequestContext } from './request-context.ts';
import { sendStream } from './send-response.ts';
import type { Yoga } from './yoga.ts';

export type GraphQLEndpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
) => Promise<void>;

const errors = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'COST_EXCEEDED',
  'RATE_LIMITED',
  'PAYLOAD_TOO_LARGE',
  'DOCUMENT_NOT_TRUSTED',
  'PERSISTED_QUERY_NOT_FOUND',
  'UNAVAILABLE',
  'INTERNAL',
];

// Answered apart from the other routes, by `createGraphQLEndpoint` and, for upgrades, by `createWebSockets`.
declareRoute({
  method: 'POST',
  path: '/graphql',
  description: 'GraphQL: each operation is listed by its root fields. Subscriptions as server-sent events.',
  auth: ['API_KEY', 'USER', 'SERVICE', 'APP'],
  request:
    '{"query","variables","operationName"} as application/json, at most 4 MiB; in the place of query a documentId',
  response: '{"data","errors"}; text/event-stream for a subscription',
  errors,
  records: [],
  sideEffects: [],
  idempotency: 'As the operation: each root field tells.',
});
declareRoute({
  method: 'GET',
  path: '/graphql',
  description:
    'The same over WebSocket, with the subprotocol graphql-transport-ws; queries and subscriptions by GET.',
  auth: ['API_KEY', 'USER', 'SERVICE', 'APP'],
  request:
    'an upgrade with `authorization` in the connection parameters; or query (or documentId), variables and operationName',
  response: 'messages of graphql-transport-ws; {"data","errors"}; text/event-stream',
  errors,
  records: [],
  sideEffects: [],
  idempotency: 'As the operation: each root field tells.',
});

const statusByCode: Record<string, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  PAYLOAD_TOO_LARGE: 413,
  UNAVAILABLE: 503,
  INTERNAL: 500,
};

/**
 * /graphql over HTTP. In this order, each before the next costs anything: where the page of a browser comes from, what
 * kind of request it is, who asks, how often; only then the body is read and Yoga takes over.
 *
 * A form of a foreign page can send no JSON without the browser asking us first, and credentials come in a header that
 * no form can set: both ways of forging a request are shut.
 */
export function createGraphQLEndpoint(options: {
  yoga: Yoga;
  services: Services;
  authenticator: Pick<Authenticator, 'authenticate'>;
  origins: Origins;
  rateLimit: RateLimit;
  metrics: Metrics;
  production: boolean;
  slowConsumerMs: number;
  scopeOf: (context: { requestId: string }) => MaskScope;
}): GraphQLEndpoint {
  const { yoga, services, authenticator, rateLimit } = options;
  const turn = createTurns();

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    options.origins.addHeaders(request, response);
    const { method, headers } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    if (method === 'GET' && !options.production && wantsPage(request)) {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': graphiqlPolicy,
      });
      response.end(await graphiqlPage());
      return;
    }
    if (method === 'POST' && !isJson(headers['content-type'])) {
      throw new HttpRefusal(415, 'A POST to /graphql has the content-type application/json.');
    }
    const actor = await authenticator.authenticate({
      authorization: headers.authorization,
      tenantHeader: single(headers['heliograph-tenant']),
    });
    rateLimit.take(actorKey(actor, request));
    const context: RequestContext = {
      services,
      actor,
      requestId,
      idempotencyKey: idempotencyKeyOf(single(headers['idempotency-key'])),
      transport: 'sse',
    };
    const body = method === 'POST' ? await readBody(request, actor ? undefined : forAnybody) : undefined;
    if (body !== undefined) await turn(body);
    if (body !== undefined && isTooDeep(body)) {
      throw badUserInput(`The request nests deeper than ${maxJsonDepth} levels.`, { limit: maxJsonDepth });
    }
    await relay(response, await yoga.handleRequest(fetchRequest(request, body), context));
  }

  function fetchRequest(request: IncomingMessage, body: Buffer | undefined): Request {
    const { accept, 'content-type': contentType } = request.headers;
    return new yoga.fetchAPI.Request(`http://localhost${request.url ?? '/graphql'}`, {
      method: request.method ?? 'GET',
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: body.toString() }),
    });
  }

  async function relay(response: ServerResponse, answered: Response): Promise<void> {
    answered.headers.forEach((value, name) => {
      response.setHeader(name, value);
    });
    const isStream = answered.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!isStream || answered.body === null) {
      response.statusCode = answered.status;
      response.end(await answered.text());
      return;
    }
    // A proxy that gathers the events of a stream would hold them back.
    response.writeHead(answered.status, { 'x-accel-buffering': 'no' });
    response.flushHeaders();
    await sendStream(response, answered.body, {
      slowConsumerMs: options.slowConsumerMs,
      onSlow: () => options.metrics.cutOff('sse'),
    });
  }

  /** A refusal before Yoga: it looks like every other answer of this path. */
  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    requestId: string,
  ): void {
    const original = error instanceof Error ? error : new Error(String(error));
    const masked =
      error instanceof HttpRefusal
        ? new GraphQLError(error.message, { extensions: { code: 'BAD_USER_INPUT' } })
        : maskError(original, options.scopeOf({ requestId }));
    const { code, retryAfterSeconds } = masked.extensions;
    const status = error instanceof HttpRefusal ? error.status : (statusByCode[String(code)] ?? 400);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    if (status === 429) response.setHeader('retry-after', String(retryAfterSeconds));
    if (status === 503) response.setHeader('retry-after', '1');
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.statusCode = status;
    const body = JSON.stringify({ errors: [masked.toJSON()] });
    if (request.complete || request.method !== 'POST') response.end(body);
    else endUnread(request, response, body);
  }

  return async (request, response, requestId) => {
    try {
      await answer(request, response, requestId);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else refuse(request, response, error, requestId);
    }
  };
}

class HttpRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Without a credential there is nothing large to say, and nothing large is looked at. */
const forAnybody = {
  limit: 65_536,
  refuse: () => new RequestError('UNAUTHENTICATED', 'Send a credential: `authorization: Bearer <token>`.'),
};

const isJson = (contentType: string | undefined) =>
  /^application\/(graphql\+)?json\s*(;|$)/i.test(contentType ?? '');

const wantsPage = ({ headers, url }: IncomingMessage) =>
  headers.accept?.includes('text/html') === true && !(url ?? '').includes('query=');

const single = (header: string | string[] | undefined) =>
  Array.isArray(header) ? header.join(', ') : header;

const idempotencyKeyOf = (header: string | undefined) =>
  header === undefined ? undefined : parseIdempotencyHeader(header);

/** Who is counted: the actor, or for those without a credential the address that they come from. */
export const actorKey = (actor: Actor | undefined, request: IncomingMessage) =>
  actor === undefined
    ? `address ${request.socket.remoteAddress}`
    : `${actor.kind} ${actor.tenantId ?? ''} ${actor.actorId}`;
