import type { ExecutionResult, GraphQLError } from 'graphql';
import { type MaskScope, maskError } from '../graph/mask-error.ts';

/** The same result with every error masked, and with `extensions` only if it has any. */
export function maskResult(result: ExecutionResult, scope: MaskScope): ExecutionResult {
  if (result.errors === undefined) return result;
  return { ...result, errors: result.errors.map((error) => maskError(error, scope)) };
}

type HttpHead = Readonly<{ status: number; headers: Readonly<Record<string, string>> }>;

/**
 * The status and headers of an answer over HTTP, by its masked errors. `isStrict`: the client accepts
 * `application/graphql-response+json`, whose statuses say whether the operation was executed (GraphQL over HTTP,
 * section 6.4.2). With the older media types, a refused document or variable is a 200.
 */
export function httpHeadOf({ data, errors = [] }: ExecutionResult, isStrict: boolean): HttpHead {
  const hints = errors.flatMap((error) => hintOf(error, { isStrict, hasData: data != null }) ?? []);
  return {
    status: Math.max(200, ...hints.map(({ status }) => status)),
    headers: Object.assign({}, ...hints.map(({ headers }) => headers)),
  };
}

type Scope = Readonly<{ isStrict: boolean; hasData: boolean }>;
type Hint = { status: number; headers?: Record<string, string> };

function hintOf({ extensions, path }: GraphQLError, { isStrict, hasData }: Scope): Hint | undefined {
  const { code, retryAfterSeconds } = extensions;
  const later = { 'retry-after': String(retryAfterSeconds ?? 1) };
  switch (code) {
    case 'UNAUTHENTICATED':
      return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
    case 'RATE_LIMITED':
      return { status: 429, headers: later };
    case 'PAYLOAD_TOO_LARGE':
      return { status: 413 };
    case 'DOCUMENT_NOT_TRUSTED':
      return { status: 403 };
    case 'PERSISTED_QUERY_NOT_FOUND':
      return { status: 200 };
    case 'UNAVAILABLE':
      // By the protocol an answer with data is a 200, even if parts of it failed.
      return hasData ? undefined : { status: 503, headers: later };
    default:
  }
  // Errors without a path come from before the execution.
  if (path !== undefined) return undefined;
  if (code === 'INTERNAL') return { status: 500 };
  return isStrict ? { status: 400 } : undefined;
}
