/**
 * The errors that callers are meant to see. There are three kinds:
 *
 * - `DomainError`: an expected refusal of a mutation. It becomes a member of the mutation's result union.
 * - `RequestError`: the request itself is refused. It becomes a top-level GraphQL error with `extensions.code`.
 * - `UnavailableError`: the answer cannot be found out at the moment. It becomes UNAVAILABLE: the same request may
 *   succeed soon.
 *
 * Everything else that is thrown is our own fault: the caller gets INTERNAL and a request id, and the log gets the
 * details.
 */

export type ErrorCode =
  | 'VALIDATION_FAILED'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'NOT_REPLAYABLE'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'IDEMPOTENCY_KEY_IN_PROGRESS'
  | 'LIMIT_EXCEEDED';

export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;
}

export type ValidationIssue = { path: readonly (string | number)[]; code: string; message: string };

/** The input breaks a rule. Each of the `issues` names a place by its path from the input's root (`events.0.type`). */
export class ValidationError extends DomainError {
  readonly code = 'VALIDATION_FAILED';
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super(issues[0]?.message ?? 'The input is not valid.');
    this.name = 'ValidationError';
    this.issues = issues;
  }
}

/** A validation error with a single issue. */
export function invalid(path: readonly (string | number)[], code: string, message: string): ValidationError {
  return new ValidationError([{ path, code, message }]);
}

/** There is no such record, or it belongs to somebody else: callers cannot tell which. */
export class NotFoundError extends DomainError {
  readonly code = 'NOT_FOUND';
  readonly missingId: string;

  constructor(missingId: string) {
    super('There is no such record.');
    this.name = 'NotFoundError';
    this.missingId = missingId;
  }
}

/** The record's current state does not allow the change. */
export class ConflictError extends DomainError {
  readonly code = 'CONFLICT';

  constructor(message: string) {
    super(message);
    this.name = 'ConflictError';
  }
}

/** The delivery cannot be replayed: it is still being sent, or it has succeeded. */
export class NotReplayableError extends DomainError {
  readonly code = 'NOT_REPLAYABLE';
  readonly status: string;

  constructor(status: string, message?: string) {
    super(message ?? `Only FAILED and DEAD_LETTER deliveries can be replayed; this one is ${status}.`);
    this.name = 'NotReplayableError';
    this.status = status;
  }
}

/** The idempotency key was used before with another input, or its first call still runs. */
export class IdempotencyError extends DomainError {
  readonly code: 'IDEMPOTENCY_KEY_REUSED' | 'IDEMPOTENCY_KEY_IN_PROGRESS';
  readonly key: string;

  constructor(code: 'IDEMPOTENCY_KEY_REUSED' | 'IDEMPOTENCY_KEY_IN_PROGRESS', key: string) {
    super(
      code === 'IDEMPOTENCY_KEY_REUSED'
        ? 'This idempotency key was used with another input within the last 24 hours.'
        : 'The first call with this idempotency key is still running. Try again in a moment.',
    );
    this.name = 'IdempotencyError';
    this.code = code;
    this.key = key;
  }
}

/** The caller asked for more than is allowed. */
export class LimitExceededError extends DomainError {
  readonly code = 'LIMIT_EXCEEDED';
  readonly limit: number;

  constructor(limit: number, message: string) {
    super(message);
    this.name = 'LimitExceededError';
    this.limit = limit;
  }
}

export type RequestErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'COST_EXCEEDED'
  | 'RATE_LIMITED'
  | 'PAYLOAD_TOO_LARGE'
  | 'DOCUMENT_NOT_TRUSTED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'LOG_POSITION_EXPIRED'
  | 'LOG_POSITION_AHEAD'
  | 'SLOW_CONSUMER';

/** The request is refused. `extensions` are shown to the caller beside the code: never a secret, never an address. */
export class RequestError extends Error {
  readonly code: RequestErrorCode;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: RequestErrorCode, message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.extensions = extensions;
  }
}

/** Something that is needed for the answer is not available at the moment. The cause goes to the log only. */
export class UnavailableError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'UnavailableError';
  }
}

/** The issuer's key set is not available, so tokens cannot be checked. */
export class KeysUnavailableError extends UnavailableError {
  constructor(cause: unknown) {
    super('The keys of the token issuer are not available at the moment. Try again.', { cause });
    this.name = 'KeysUnavailableError';
  }
}

export const badUserInput = (message: string, extensions: Readonly<Record<string, unknown>> = {}) =>
  new RequestError('BAD_USER_INPUT', message, extensions);

/** What went wrong, for a log line. Also works if something other than an Error was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
