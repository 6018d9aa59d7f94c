/**
 * The status machine of a delivery.
 *
 *   created as PENDING, or as FAILED if the endpoint cannot receive it
 *   PENDING | RETRYING -> (DELIVERING ->) SUCCEEDED | RETRYING | FAILED | DEAD_LETTER
 *   PENDING | RETRYING | DELIVERING -> FAILED    cancelled, purged, or the endpoint was deleted or deactivated
 *
 * SUCCEEDED, FAILED and DEAD_LETTER are final: the delivery has no row in `due`, and its status never changes again.
 * A FAILED delivery was given up for a reason; a DEAD_LETTER used up its retry schedule. Only these two can be
 * replayed, as a new delivery. Statuses change only in `apply.ts` and `create-deliveries.ts`.
 */
export const deliveryStatuses = [
  'PENDING',
  'DELIVERING',
  'RETRYING',
  'SUCCEEDED',
  'FAILED',
  'DEAD_LETTER',
] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export type UnfinishedStatus = 'PENDING' | 'DELIVERING' | 'RETRYING';
export type FinalStatus = 'SUCCEEDED' | 'FAILED' | 'DEAD_LETTER';

export const failureReasons = [
  'ENDPOINT_INACTIVE',
  'ENDPOINT_PAUSED',
  'ENDPOINT_UNVERIFIED',
  'ENDPOINT_GONE',
  'ENDPOINT_DELETED',
  'INSTALLATION_REVOKED',
  'TENANT_SUSPENDED',
  'BLOCKED_ADDRESS',
  'CANCELLED',
  'REJECTED',
  'RETRIES_EXHAUSTED',
] as const;
export type FailureReason = (typeof failureReasons)[number];
/** The reasons of FAILED. A DEAD_LETTER has the other one. */
export type GivenUpReason = Exclude<FailureReason, 'RETRIES_EXHAUSTED'>;

export const attemptOutcomes = [
  'SUCCEEDED',
  'HTTP_STATUS',
  'TIMEOUT',
  'DNS_FAILED',
  'CONNECTION_FAILED',
  'TLS_FAILED',
  'CONNECTION_RESET',
  'RESPONSE_TOO_LARGE',
  'INVALID_RESPONSE',
  'BLOCKED_ADDRESS',
  'INTERRUPTED',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export const isFinal = (status: DeliveryStatus): status is FinalStatus =>
  status === 'SUCCEEDED' || status === 'FAILED' || status === 'DEAD_LETTER';
