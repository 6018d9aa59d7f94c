/** Why an attempt got no response. */
export type FailureOutcome =
  | 'TIMEOUT'
  | 'DNS_FAILED'
  | 'CONNECTION_FAILED'
  | 'TLS_FAILED'
  | 'CONNECTION_RESET'
  | 'RESPONSE_TOO_LARGE'
  | 'INVALID_RESPONSE'
  | 'BLOCKED_ADDRESS';

/**
 * Thrown by the stages of a send when they fail; it never leaves this room. The message is shown to the owner of the
 * endpoint, so it contains no address, no secret and nothing that the receiver wrote.
 */
export class SendFailure extends Error {
  readonly outcome: FailureOutcome;
  readonly status: number | undefined;

  constructor(outcome: FailureOutcome, message: string, status?: number) {
    super(message);
    this.name = 'SendFailure';
    this.outcome = outcome;
    this.status = status;
  }
}

/** The code of a system, TLS or parser error; empty if it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
