import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDatabaseAway } from '../db/retry.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import type { RouteResponse } from '../route.ts';
import type { BadCredentials } from './bad-credentials.ts';
import type { BodyBytes } from './body-bytes.ts';
import { networkOf } from './client-address.ts';
import type { RouteMatch } from './match-route.ts';
import { endUnread, readBody } from './read-body.ts';

type Asked = {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  path: string;
  logger: Logger;
  address: string;
  badCredentials: BadCredentials;
  bodyBytes: BodyBytes;
};

/** Answers a request outside of /graphql: with its route's answer, or with the reason why there is none. */
export async function answerRoute(match: RouteMatch, asked: Asked): Promise<void> {
  const answer = await answerOf(match, asked);
  const { response, request } = asked;
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  const { body: content = '' } = answer;
  const isVerbatim = typeof content === 'string' || content instanceof Uint8Array;
  if (!isVerbatim && !response.hasHeader('content-type')) {
    response.setHeader('content-type', 'application/json; charset=utf-8');
  }
  response.statusCode = answer.status;
  const body = isVerbatim ? content : JSON.stringify(content);
  if (request.complete || request.method === 'GET' || request.method === 'HEAD') response.end(body);
  else endUnread(request, response, body);
}

async function answerOf(match: RouteMatch, asked: Asked): Promise<RouteResponse> {
  if (match.kind === 'none') return failure(404, 'NOT_FOUND', 'There is nothing at this path.');
  if (match.kind === 'wrong method') {
    const refusal = failure(405, 'METHOD_NOT_ALLOWED', `The methods of this path are ${match.allow}.`);
    return { ...refusal, headers: { allow: match.allow } };
  }
  const { request, requestId, path, logger, address, badCredentials } = asked;
  const isGuarded = match.route.auth.length > 0;
  const held = asked.bodyBytes.open(`address ${networkOf(address)}`);
  try {
    if (isGuarded) badCredentials.refuseTooMany(address);
    const answer = await match.route.handle({
      method: request.method ?? 'GET',
      path,
      parameters: match.parameters,
      query: new URL(request.url ?? '/', 'http://localhost').searchParams,
      headers: request.headers,
      headersDistinct: request.headersDistinct,
      body: match.route.method === 'POST' ? await readBody(request, held) : Buffer.alloc(0),
      requestId,
    });
    if (isGuarded && answer.status === 401) badCredentials.note(address);
    return answer;
  } catch (error) {
    if (error instanceof RequestError) {
      if (error.code === 'RATE_LIMITED') {
        const wait = String(error.extensions.retryAfterSeconds ?? 1);
        return { ...failure(429, error.code, error.message), headers: { 'retry-after': wait } };
      }
      return failure(error.code === 'PAYLOAD_TOO_LARGE' ? 413 : 400, error.code, error.message);
    }
    const route = match.route.path;
    if (error instanceof UnavailableError || isDatabaseAway(error)) {
      warnAtTimes(logger, { requestId, route, error: causesOf(error) }, 'answered a route with UNAVAILABLE');
      const isOurs = error instanceof UnavailableError;
      return unavailable(isOurs ? error.message : 'The service cannot reach its database at the moment.');
    }
    logger.error({ requestId, err: error, route }, 'route failed');
    return failure(500, 'INTERNAL', 'An internal error happened.', { requestId });
  } finally {
    held.release();
  }
}

const unavailable = (message: string): RouteResponse => ({
  ...failure(503, 'UNAVAILABLE', message),
  headers: { 'retry-after': '1' },
});

const failure = (status: number, code: string, message: string, more: object = {}): RouteResponse => ({
  status,
  body: { error: { code, message, ...more } },
});
