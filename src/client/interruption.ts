import {
  ForbiddenError,
  type GraphQLFailure,
  type HeliographError,
  PositionAheadError,
  PositionExpiredError,
  RequestError,
  UnauthenticatedError,
  UnavailableError,
} from './errors.ts';

/**
 * Why a connection or a request failed although trying again may help. It never leaves the package: a log connects
 * again, and a single request turns it into an error that callers know (`asError`).
 */
export class Interruption extends Error {
  /** The server refused the credential. */
  readonly isRefusal: boolean;
  /** The server accepted the credential before, and it has expired since. */
  readonly isExpiry: boolean;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    reason: string,
    more: { isRefusal?: boolean; isExpiry?: boolean; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(reason);
    this.isRefusal = more.isRefusal ?? false;
    this.isExpiry = more.isExpiry ?? false;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }

  asError(): HeliographError {
    return this.isRefusal || this.isExpiry
      ? new UnauthenticatedError(this.message)
      : new UnavailableError(this.message, this.retryAfterSeconds);
  }
}

/** What the errors of an answer mean for the caller. */
export function failureOf(errors: readonly GraphQLFailure[]): Interruption | HeliographError {
  const [first] = errors;
  if (first === undefined) return new Interruption('The server answered with neither data nor errors.');
  const { message, extensions = {} } = first;
  const { code, reason, retryAfterSeconds, permission, oldestPosition, head } = extensions;
  if (code === 'UNAUTHENTICATED') {
    const isExpiry = reason === 'expired' || reason === 'revoked';
    return new Interruption(message, { isExpiry, isRefusal: !isExpiry });
  }
  if (typeof retryAfterSeconds === 'number') return new Interruption(message, { retryAfterSeconds });
  if (code === 'FORBIDDEN') {
    return new ForbiddenError(message, typeof permission === 'string' ? permission : undefined);
  }
  if (code === 'LOG_POSITION_EXPIRED') return new PositionExpiredError(message, Number(oldestPosition));
  if (code === 'LOG_POSITION_AHEAD') return new PositionAheadError(message, Number(head));
  if (code === 'INTERNAL' || code === 'UNAVAILABLE') return new Interruption(message);
  return new RequestError(typeof code === 'string' ? code : 'REFUSED', message, errors);
}

/** After these codes the server would refuse the same connection again. After all others a log connects again. */
const finalCloseCodes = new Set([1009, 4400, 4406, 4409, 4500]);

/** What the close code of a WebSocket means. */
export function closeFailure(code: number, reason: string): Interruption | HeliographError {
  const why = reason.replace(/\.$/, '');
  const text = `The connection was closed with ${code}${why === '' ? '' : `: ${why}`}.`;
  if (code === 4401) return new Interruption(text, { isRefusal: true });
  if (code === 4403) return new Interruption(text, { isExpiry: true });
  return finalCloseCodes.has(code) ? new RequestError(`CLOSED_${code}`, text) : new Interruption(text);
}
