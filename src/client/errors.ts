/** One error of a GraphQL answer. */
export type GraphQLFailure = Readonly<{
  message: string;
  path?: readonly (string | number)[] | undefined;
  extensions?: Readonly<Record<string, unknown>> | undefined;
}>;

/** Everything that this package throws on purpose. None of its messages holds a token. */
export class HeliographError extends Error {
  override readonly name: string = 'HeliographError';
  /** What went wrong, for programs: the server's code where there is one. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** An option that cannot be right: what it has to be stands in the message. */
export class UsageError extends HeliographError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super('USAGE', message);
  }
}

/** The server takes no credential of ours: it refused twice, and `token` was asked anew in between. */
export class UnauthenticatedError extends HeliographError {
  override readonly name = 'UnauthenticatedError';

  constructor(message: string) {
    super('UNAUTHENTICATED', message);
  }
}

/** The credential is good, but does not allow this. */
export class ForbiddenError extends HeliographError {
  override readonly name = 'ForbiddenError';
  /** The permission that is missing, where the server tells. */
  readonly permission: string | undefined;

  constructor(message: string, permission?: string) {
    super('FORBIDDEN', message);
    this.permission = permission;
  }
}

/** The position to go on from is older than what the server keeps: the changes up to `oldest` cannot be read any more. */
export class PositionExpiredError extends HeliographError {
  override readonly name = 'PositionExpiredError';
  /** The oldest position that can still be resumed after. */
  readonly oldest: number;

  constructor(message: string, oldest: number) {
    super('LOG_POSITION_EXPIRED', message);
    this.oldest = oldest;
  }
}

/** The log is not as far as the position to go on from: it is another log, or was restored from a backup. */
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
  /** Where the client stood. */
  readonly expected: number;
  /** Where the message began. */
  readonly found: number;

  constructor(expected: number, found: number) {
    super('GAP', `The log was read up to ${expected}, but what came next begins after ${found}.`);
    this.expected = expected;
    this.found = found;
  }
}

/** The server refused the request as it stands; the same request would be refused again. */
export class RequestError extends HeliographError {
  override readonly name = 'RequestError';
  readonly errors: readonly GraphQLFailure[];

  constructor(code: string, message: string, errors: readonly GraphQLFailure[] = []) {
    super(code, message);
    this.errors = errors;
  }
}

/** The server could not be reached, or cannot answer just now: the same request may succeed later. */
export class UnavailableError extends HeliographError {
  override readonly name = 'UnavailableError';
  /** After how many seconds to ask again, where the server tells. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, retryAfterSeconds?: number) {
    super('UNAVAILABLE', message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
