import { RequestError } from '../errors.ts';

/** `expired` and `revoked` tell a client that a fresh credential will do; `invalid` that it should not try again. */
export type UnauthenticatedReason = 'invalid' | 'expired' | 'revoked';

const messages: Record<UnauthenticatedReason, string> = {
  invalid: 'The credential is not valid.',
  expired: 'The credential has expired.',
  revoked: 'The credential has been revoked.',
};

/** Says no more than this: which check failed helps only those who forge. */
export function unauthenticated(reason: UnauthenticatedReason, message = messages[reason]): RequestError {
  return new RequestError('UNAUTHENTICATED', message, { reason });
}
