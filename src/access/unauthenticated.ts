import { RequestError } from '../errors.ts';

/** `expired` and `revoked` tell a client that a fresh credential will help; `invalid` tells it not to try again. */
export type UnauthenticatedReason = 'invalid' | 'expired' | 'revoked';

const messages: Record<UnauthenticatedReason, string> = {
  invalid: 'The credential is not valid.',
  expired: 'The credential has expired.',
  revoked: 'The credential has been revoked.',
};

/** The answer says no more than this, because telling which check failed would help only attackers. */
export function unauthenticated(reason: UnauthenticatedReason, message = messages[reason]): RequestError {
  return new RequestError('UNAUTHENTICATED', message, { reason });
}
