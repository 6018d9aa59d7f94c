/** One error of a GraphQL answer. */
export type GraphQLFailure = Readonly<{
  message: string;
  path?: readonly (string | number)[] | undefined;
  extensions?: Readonly<Record<string, unknown>> | undefined;
}>;

/** All errors that this package throws on purpose. None of their messages contains a token. */
export class HeliographError extends Error {
  override readonly name: string = 'HeliographError';
  /** The kind of error, for programs: the server's code if there is one. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** An invalid option. The message tells what is valid. */
export class UsageError extends HeliographError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super('USAGE', message);
  }
}

/** The server refused the credential twice, although `token` was called again in between. */
export class UnauthenticatedError extends HeliographError {
  override readonly name = 'UnauthenticatedError';

  constructor(message: string) {
    super('UNAUTHENTICATED', message);
  }
}

/** The credential is valid, but does not allow this. */
export class ForbiddenError extends HeliographError {
  override readonly name = 'ForbiddenError';
  /** The missing permission, if the server tells it. */
  readonly permission: string | undefined;

  constructor(message: string, permission?: string) {
    super('FORBIDDEN', message);
    this.permission = permission;
  }
}

/** The position to resume after is past retention. Changes up to `oldest` can no longer be read. */
export class PositionExpiredError extends HeliographError {
  override readonly name = 'PositionExpiredError';
  /** The oldest position that can still be resumed after. */
  readonly oldest: number;

  constructor(message: string, oldest: number) {
    super('LOG_POSITION_EXPIRED', message);
    this.oldest = oldest;
  }
}

/** The log has not reached the position to resume after. It is another log, or was restored from a backup. */
export class PositionAheadError extends HeliographError {
  override readonly name = 'PositionAheadError';
  /** The newest position of the log. */
  readonly head: number;

  constructor(message: string, head: number) {
    super('LOG_POSITION_AHEAD', message);
    this.head = head;
  }
}

/** A message does not begin where the one before it ended. The server promises that this never happens. */
export class GapError extends HeliographError {
  override readonly name = 'GapError';
  /** The position of the client. */
  readonly expected: number;
  /** The position at which the message began. */
  readonly found: number;

  constructor(expected: number, found: number) {
    super('GAP', `The log was read up to ${expected}, but what came next begins after ${found}.`);
    this.expected = expected;
    this.found = found;
  }
}

/** The server refused the request, and would refuse the same request again. */
export class RequestError extends HeliographError {
  override readonly name = 'RequestError';
  readonly errors: readonly GraphQLFailure[];

  constructor(code: string, message: string, errors: readonly GraphQLFailure[] = []) {
    super(code, message);
    this.errors = errors;
  }
}

/** The server could not be reached or cannot answer at the moment. The same request may succeed later. */
export class UnavailableError extends HeliographError {
  override readonly name = 'UnavailableError';
  /** The number of seconds after which to try again, if the server tells it. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, retryAfterSeconds?: number) {
    super('UNAVAILABLE', message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
