import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type MaskScope, maskError } from '../graph/mask-error.ts';

/** What to do of HTTP with an error; `spec`: only where the client accepts `application/graphql-response+json`. */
type HttpHint = { status: number; spec?: boolean; headers?: Record<string, string> };

/** Masks every error of an answer over HTTP, and sets the answer's status by their codes. */
export function useMaskedResults(scopeOf: (context: object) => MaskScope): Plugin {
  return {
    onResultProcess({ result, setResult, serverContext }) {
      const scope = scopeOf(serverContext);
      if (Array.isArray(result)) return;
      if (Symbol.asyncIterator in result) {
        setResult(maskedStream(result as AsyncIterable<ExecutionResult>, scope));
      } else if ('errors' in result && result.errors !== undefined) {
        const { data } = result as ExecutionResult;
        const finish = data == null ? withStatusOfNoData : withHttpHint;
        setResult(maskResult(result as ExecutionResult, scope, finish));
      }
    },
  };
}

/** The same result with every error masked. */
export function maskResult<Result extends { errors?: readonly GraphQLError[] | undefined }>(
  result: Result,
  scope: MaskScope,
  finish: (error: GraphQLError, original: GraphQLError) => GraphQLError = (error) => error,
): Result {
  if (result.errors === undefined) return result;
  return { ...result, errors: result.errors.map((error) => finish(maskError(error, scope), error)) };
}

function maskedStream(
  stream: AsyncIterable<ExecutionResult>,
  scope: MaskScope,
): AsyncIterableIterator<ExecutionResult> {
  const iterator = stream[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await iterator.next();
      return result.done === true ? result : { done: false, value: maskResult(result.value, scope) };
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}

function withHttpHint(error: GraphQLError, original: GraphQLError): GraphQLError {
  const hint = hintOf(error, original);
  if (hint !== undefined) error.extensions.http = hint;
  return error;
}

/** An answer with data is a 200 by the protocol, whatever is missing from it. */
function withStatusOfNoData(error: GraphQLError, original: GraphQLError): GraphQLError {
  if (error.extensions.code !== 'UNAVAILABLE') return withHttpHint(error, original);
  error.extensions.http = { status: 503, headers: { 'retry-after': '1' } } satisfies HttpHint;
  return error;
}

function hintOf(error: GraphQLError, original: GraphQLError): HttpHint | undefined {
  const { code, retryAfterSeconds } = error.extensions;
  switch (code) {
    case 'UNAUTHENTICATED':
      return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
    case 'RATE_LIMITED':
      return { status: 429, headers: { 'retry-after': String(retryAfterSeconds ?? 1) } };
    case 'PAYLOAD_TOO_LARGE':
      return { status: 413 };
    case 'DOCUMENT_NOT_TRUSTED':
      return { status: 403 };
    case 'PERSISTED_QUERY_NOT_FOUND':
      return { status: 404 };
    default:
  }
  // What was refused before anything was executed has no path. Yoga tells which status the protocol wants.
  if (error.path !== undefined) return undefined;
  const given = original.extensions.http;
  // No GraphQL request at all (broken JSON, no query): the status says so in every media type.
  if (isHint(given)) return original.extensions.code === 'BAD_REQUEST' ? { ...given, spec: false } : given;
  return code === 'INTERNAL' ? { status: 500 } : { status: 400, spec: true };
}

const isHint = (value: unknown): value is HttpHint =>
  typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number';
