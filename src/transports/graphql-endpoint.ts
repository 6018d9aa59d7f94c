import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError, OperationTypeNode } from 'graphql';
import type { Actor } from '../access/actor.ts';
import type { Authenticator } from '../access/authenticate.ts';
import { badUserInput, RequestError } from '../errors.ts';
import type { Services } from '../graph/context.ts';
import { type MaskScope, maskError } from '../graph/mask-error.ts';
import type { BadCredentials } from '../http/bad-credentials.ts';
import type { BodyBytes } from '../http/body-bytes.ts';
import { type ClientAddress, networkOf } from '../http/client-address.ts';
import { HttpRefusal } from '../http/http-refusal.ts';
import type { LargeTurns } from '../http/large-turns.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Origins } from '../http/origin.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { endUnread, readBody } from '../http/read-body.ts';
import { parseIdempotencyHeader } from '../idempotency/resolve-key.ts';
import { refuseJson } from '../json/json-limits.ts';
import { declareRoute } from '../route.ts';
import { traceRequest } from '../tracing/request-trace.ts';
import { readTraceContext } from '../tracing/trace-context.ts';
import { acceptsAnything, chooseMediaType, type MediaType, notAcceptable } from './accept.ts';
import { refuseBodyFormat } from './body-format.ts';
import { graphiqlPage, graphiqlPolicy } from './graphiql.ts';
import { readPostedOperation, readQueriedOperation } from './graphql-request.ts';
import { httpHeadOf, maskResult } from './mask-result.ts';
import type { Operation, PreparedOperation } from './operation.ts';
import type { RequestContext } from './request-context.ts';
import { sendResults } from './send-results.ts';
import { eventStream, multipartStream } from './stream-format.ts';

export type GraphQLEndpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  /** `gone` is aborted when the client has left or has been answered. */
  asked: { requestId: string; gone: AbortSignal },
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

// This path is not answered like other routes, but by `createGraphQLEndpoint` and, for upgrades, by
// `createWebSockets`.
declareRoute({
  method: 'POST',
  path: '/graphql',
  description:
    'GraphQL over HTTP. Each operation is listed by its root fields. Subscriptions are answered as server-sent events.',
  auth: ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK', 'APP'],
  request:
    '{"query","variables","operationName"} as application/json, at most 4 MiB; a documentId may replace query',
  response: '{"data","errors"}; text/event-stream or multipart/mixed for a subscription',
  errors,
  records: [],
  sideEffects: [],
  idempotency: 'It depends on the operation: see its root fields.',
});
declareRoute({
  method: 'GET',
  path: '/graphql',
  description:
    'GraphQL over WebSocket with the subprotocol graphql-transport-ws, and queries and subscriptions by GET.',
  auth: ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK', 'APP'],
  request:
    'an upgrade with `authorization` in the connection parameters; or the parameters query (or documentId), variables and operationName',
  response: 'messages of graphql-transport-ws; {"data","errors"}; text/event-stream',
  errors,
  records: [],
  sideEffects: [],
  idempotency: 'It depends on the operation: see its root fields.',
});

const statusByCode: Record<string, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  DOCUMENT_NOT_TRUSTED: 403,
  // This is what other servers of automatic persisted queries answer. Some clients read no body with any other
  // status.
  PERSISTED_QUERY_NOT_FOUND: 200,
  RATE_LIMITED: 429,
  PAYLOAD_TOO_LARGE: 413,
  UNAVAILABLE: 503,
  INTERNAL: 500,
};

const streamFormats = { 'text/event-stream': eventStream, 'multipart/mixed': multipartStream };
const allowedMethods = 'GET, POST, OPTIONS';

/**
 * /graphql over HTTP. The checks come in the order of their cost: the origin of a browser's page, the kind of request
 * and whether its answer could be read, the caller, the rate; then the body and its document; then whether this
 * operation may be sent in this way. Only then is anything executed or a stream opened.
 *
 * A form of a foreign page cannot send JSON without a preflight request, and credentials are in a header that no form
 * can set. So requests cannot be forged in either way.
 */
export function createGraphQLEndpoint(options: {
  prepare: (
    asked: ReturnType<typeof readPostedOperation>,
    context: RequestContext,
    holder: string,
  ) => Promise<PreparedOperation>;
  services: Services;
  authenticator: Pick<Authenticator, 'authenticate'>;
  addressOf: ClientAddress;
  developmentToken?: () => Promise<string | undefined>;
  badCredentials: BadCredentials;
  origins: Origins;
  rateLimit: RateLimit;
  largeTurn: LargeTurns;
  bodyBytes: BodyBytes;
  metrics: Metrics;
  production: boolean;
  slowConsumerMs: number;
  streamHeartbeatMs: number;
  scopeOf: (context: { requestId: string }) => MaskScope;
}): GraphQLEndpoint {
  const { services, authenticator, rateLimit } = options;

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    { requestId, gone }: { requestId: string; gone: AbortSignal },
  ): Promise<void> {
    options.origins.addHeaders(request, response);
    const { method, headers } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, { allow: allowedMethods }).end();
      return;
    }
    if ((method === 'GET' || method === 'HEAD') && !options.production && wantsPage(request)) {
      // Only a browser on this machine is signed in.
      const token = isOfThisMachine(request) ? await options.developmentToken?.() : undefined;
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': graphiqlPolicy,
        'cache-control': 'no-store',
      });
      response.end(await graphiqlPage(token));
      return;
    }
    if (method !== 'GET' && method !== 'POST') {
      throw new HttpRefusal(405, `The methods of this path are ${allowedMethods}.`, {
        allow: allowedMethods,
      });
    }
    if (!acceptsAnything(headers.accept)) throw new HttpRefusal(406, notAcceptable());
    if (method === 'POST') refuseBodyFormat(headers);
    const actor = await options.badCredentials.watch(options.addressOf(request), headers.authorization, () =>
      authenticator.authenticate({
        authorization: headers.authorization,
        tenantHeader: single(headers['heliograph-tenant']),
      }),
    );
    const holder = actorKey(actor, options.addressOf(request));
    rateLimit.take(holder);
    const asked =
      method === 'POST'
        ? await postedOperation(request, actor, holder)
        : readQueriedOperation(request.url ?? '/graphql');
    const context: RequestContext = {
      services,
      actor,
      requestId,
      idempotencyKey: idempotencyKeyOf(single(headers['idempotency-key'])),
      traceContext: readTraceContext(headers),
      transport:
        chooseMediaType(headers.accept, OperationTypeNode.SUBSCRIPTION) === 'multipart/mixed'
          ? 'multipart'
          : 'sse',
      progress: {},
      ...resumption(single(headers['last-event-id'])),
    };
    const prepared = await options.prepare(asked, context, holder);
    const forRefusal = chooseMediaType(headers.accept, OperationTypeNode.QUERY) ?? 'application/json';
    if ('refusals' in prepared) {
      send(response, maskResult({ errors: prepared.refusals }, options.scopeOf(context)), forRefusal);
      return;
    }
    const { operation } = prepared;
    const mediaType = mediaTypeOf(operation, request);
    // The client has left, so nobody would get the answer.
    if (gone.aborted) return;
    const execution = () => execute({ operation, mediaType, context, response, gone });
    // A stream has no end to wait for.
    if (operation.type === OperationTypeNode.SUBSCRIPTION) return await execution();
    const { traceContext: caller } = context;
    await traceRequest({ method, operation: operation.type, response, caller }, execution);
  }

  async function postedOperation(request: IncomingMessage, actor: Actor | undefined, holder: string) {
    const held = options.bodyBytes.open(holder);
    try {
      const body = await readBody(request, held, actor ? undefined : forAnybody);
      await options.largeTurn(holder, body.length);
      const refusal = refuseJson(body);
      if (refusal !== undefined) throw refusal;
      return readPostedOperation(body.toString());
    } finally {
      held.release();
    }
  }

  async function execute(asked: {
    operation: Operation;
    mediaType: MediaType;
    context: RequestContext;
    response: ServerResponse;
    gone: AbortSignal;
  }): Promise<void> {
    const { operation, mediaType, context, response, gone } = asked;
    const scope = options.scopeOf(context);
    const result = await operation.run(gone);
    if (!(Symbol.asyncIterator in result)) {
      send(response, maskResult(result, scope), mediaType);
      return;
    }
    const format = streamFormats[mediaType === 'multipart/mixed' ? mediaType : 'text/event-stream'];
    response.writeHead(200, streamHeaders(format.contentType));
    await sendResults(response, result, {
      format,
      gone,
      progress: context.progress ?? {},
      mask: (next) => maskResult(next, scope),
      heartbeatMs: options.streamHeartbeatMs,
      slowConsumerMs: options.slowConsumerMs,
      onSlow: () => options.metrics.cutOff(context.transport),
    });
  }

  /** A refusal before GraphQL is involved. It has the form of every other answer of this path. */
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
    if (error instanceof HttpRefusal) setHeaders(response, error.headers);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    if (status === 429 || status === 503) response.setHeader('retry-after', String(retryAfterSeconds ?? 1));
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.statusCode = status;
    const body = JSON.stringify({ errors: [masked.toJSON()] });
    if (request.complete || request.method !== 'POST') response.end(body);
    else endUnread(request, response, body);
  }

  return async (request, response, asked) => {
    const { requestId, gone } = asked;
    try {
      await answer(request, response, asked);
    } catch (error) {
      if (response.headersSent || response.destroyed || gone.aborted) response.destroy();
      else refuse(request, response, error, requestId);
    }
  };
}

/** The end of a tunnel is on this machine, too, but requests through it have another host name. */
function isOfThisMachine({ socket, headers }: IncomingMessage): boolean {
  const isLoopback = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(socket.remoteAddress ?? '');
  const isAskedHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  return (
    isLoopback && isAskedHere && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined
  );
}

/** How the operation is answered. Throws if its method is wrong or the client could not read the answer. */
function mediaTypeOf({ type }: Operation, { method, headers }: IncomingMessage): MediaType {
  if (method === 'GET' && type === OperationTypeNode.MUTATION) {
    throw new HttpRefusal(405, 'Send mutations by POST. A GET cannot change anything.', { allow: 'POST' });
  }
  const mediaType = chooseMediaType(headers.accept, type);
  if (mediaType === undefined) throw new HttpRefusal(406, notAcceptable(type));
  return mediaType;
}

/** A complete result, in any of the media types. */
function send(response: ServerResponse, result: ExecutionResult, mediaType: MediaType): void {
  const { status, headers } = httpHeadOf(result, mediaType === 'application/graphql-response+json');
  setHeaders(response, headers);
  if (mediaType === 'text/event-stream' || mediaType === 'multipart/mixed') {
    const format = streamFormats[mediaType];
    response.writeHead(status, streamHeaders(format.contentType));
    response.end(format.opening + format.result(result, undefined) + format.complete);
  } else {
    // With the head not yet written, Node adds the length, and sends both by one system call instead of chunks.
    response.statusCode = status;
    response.setHeader('content-type', `${mediaType}; charset=utf-8`);
    response.end(JSON.stringify(result));
  }
}

// This tells proxies not to buffer the stream.
const streamHeaders = (contentType: string) => ({
  'content-type': contentType,
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
});

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Without a credential a large request is never needed, so it is not read. */
const forAnybody = {
  limit: 65_536,
  refuse: () => new RequestError('UNAUTHENTICATED', 'Send a credential: `authorization: Bearer <token>`.'),
};

const wantsPage = ({ headers, url }: IncomingMessage) =>
  headers.accept?.includes('text/html') === true && !(url ?? '').includes('query=');

const single = (header: string | string[] | undefined) =>
  Array.isArray(header) ? header.join(', ') : header;

/** The position after which a client of an event stream resumes: the last `id` that it received. */
function resumption(lastEventId: string | undefined): { resumeAfter?: number } {
  const text = lastEventId?.trim() ?? '';
  if (text === '') return {};
  const position = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(position)) return { resumeAfter: position };
  throw badUserInput(
    'The header last-event-id must be the `id` of an earlier message, which is a position of the log.',
    {
      header: 'last-event-id',
    },
  );
}

const idempotencyKeyOf = (header: string | undefined) =>
  header === undefined ? undefined : parseIdempotencyHeader(header);

/** The key for counting: the actor, or without a credential the client's address. */
export const actorKey = (actor: Actor | undefined, address: string) =>
  actor === undefined
    ? `address ${networkOf(address)}`
    : `${actor.kind} ${actor.tenantId ?? ''} ${actor.actorId}`;
