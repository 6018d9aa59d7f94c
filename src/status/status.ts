/**
 * The status machine of a delivery.
 *
 *   created as PENDING, or as FAILED where the endpoint cannot take it
 *   PENDING | RETRYING -> (DELIVERING ->) SUCCEEDED | RETRYING | FAILED | DEAD_LETTER
 *   PENDING | RETRYING | DELIVERING -> FAILED    cancelled, purged, or the endpoint is gone
 *
 * SUCCEEDED, FAILED and DEAD_LETTER are ends: no row in `due`, no way out. FAILED was given up at once, with a
 * reason; DEAD_LETTER ran out of its schedule. Only those two can be replayed, as a fresh delivery.
 * Statuses change in `apply.ts` and `create-deliveries.ts` alone.
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
