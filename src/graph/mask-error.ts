import { PothosError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { isDatabaseAway } from '../db/retry.ts';
import { DomainError, RequestError, type RequestErrorCode, UnavailableError } from '../errors.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import { hideArgument } from './hide-values.ts';

/**
 * How an error is shown to callers. Every error has `extensions.code`. An error that callers are meant to see keeps
 * its message. For any other error they see INTERNAL and the request's id, and the log has the rest. If the database
 * or the issuer of their token is not available, they see UNAVAILABLE, because the same request may succeed in a
 * moment.
 *
 * The class GraphQLError proves nothing: every Pothos error is one, and the executor wraps whatever a resolver throws
 * in one. What counts is the original error, and whether it came from a field (then it has a path) or from the
 * request before any field was executed (syntax, validation, variables).
 */
export type MaskScope = Readonly<{
  requestId: string;
  logger: Logger;
  /** Messages without hints at what the schema contains. */
  hideSuggestions: boolean;
}>;

/** When a client that was told UNAVAILABLE may try again. */
const unavailableSeconds = 1;
const internalMessage = 'An internal error happened.';
/** A commit whose answer was lost may have happened. */
const databaseAwayMessage =
  'The service cannot reach its database at the moment. Try again. If this was a mutation without an idempotency key, it may have been done already.';

const requestCodes: readonly RequestErrorCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'COST_EXCEEDED',
  'RATE_LIMITED',
  'PAYLOAD_TOO_LARGE',
  'DOCUMENT_NOT_TRUSTED',
  'PERSISTED_QUERY_NOT_FOUND',
  'LOG_POSITION_EXPIRED',
  'LOG_POSITION_AHEAD',
  'SLOW_CONSUMER',
];
const shownCodes: readonly string[] = [...requestCodes, 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'];

export function maskError(error: unknown, scope: MaskScope): GraphQLError {
  const outer = error instanceof GraphQLError ? error : undefined;
  const place = {
    nodes: outer?.nodes ?? null,
    source: outer?.source ?? null,
    positions: outer?.positions ?? null,
    path: outer?.path ?? null,
  };
  const root = rootOf(error);

  if (root instanceof RequestError || root instanceof DomainError) {
    const extensions = root instanceof RequestError ? root.extensions : {};
    // The executor's message comes first: it names the variable and the place in it.
    return new GraphQLError(shorten(outer?.message ?? root.message), {
      ...place,
      extensions: { ...extensions, code: root.code },
    });
  }
  if (outer !== undefined && isOfTheRequest(outer, root)) {
    const { code, limit, found } = outer.extensions;
    const known = typeof code === 'string' && shownCodes.includes(code) ? code : 'BAD_USER_INPUT';
    const told = shorten(hideArgument(outer.message));
    const message = scope.hideSuggestions ? told.replace(/ Did you mean [^\n]*/, '') : told;
    return new GraphQLError(message, { ...place, extensions: { code: known, ...defined({ limit, found }) } });
  }
  const { requestId, logger } = scope;
  const path = outer?.path?.join('.');
  const unavailable = unavailableMessageOf(root);
  if (unavailable !== undefined) {
    // While something is unavailable every request fails, and one log line for each would hide everything else.
    warnAtTimes(logger, { requestId, path, error: causesOf(root) }, 'answered a request with UNAVAILABLE');
    return new GraphQLError(unavailable, {
      ...place,
      extensions: { code: 'UNAVAILABLE', requestId, retryAfterSeconds: unavailableSeconds },
    });
  }
  logger.error({ requestId, err: root, path }, 'internal error');
  return new GraphQLError(internalMessage, { ...place, extensions: { code: 'INTERNAL', requestId } });
}

function unavailableMessageOf(error: unknown): string | undefined {
  if (error instanceof UnavailableError) return error.message;
  return isDatabaseAway(error) ? databaseAwayMessage : undefined;
}

/** The original error of a chain of GraphQLErrors. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError !== undefined) root = root.originalError;
  return root;
}

function isOfTheRequest(outer: GraphQLError, root: unknown): boolean {
  if (!(root instanceof GraphQLError) || root instanceof PothosError) return false;
  if (outer.path === undefined) return true;
  // An error of the executor: a missing variable that an argument requires is noticed only at the field.
  return root.nodes !== undefined && root.message.startsWith('Argument "');
}

/** The executor repeats the value that it refuses, which may be megabytes long. */
function shorten(message: string): string {
  if (message.length <= 2 * maxMessageEnd) return message;
  return `${message.slice(0, maxMessageEnd)} … ${message.slice(-maxMessageEnd)}`.toWellFormed();
}

const maxMessageEnd = 1_000;

const defined = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
