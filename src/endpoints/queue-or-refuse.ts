import type { Config } from '../config.ts';
import type { FailureReason } from '../status/status.ts';
import type { Endpoint } from './endpoint.ts';

/** While a handshake is under way its deliveries wait: it releases them itself, this is the second look. */
const handshakeWaitMs = 5_000;

/** What a fresh delivery depends on. */
export type DeliveryRules = Pick<Config, 'retrySchedule' | 'requireVerification'>;

/** What becomes of a delivery to this endpoint: FAILED with a reason, or queued until the schedule begins. */
export function queueOrRefuse(
  endpoint: Pick<Endpoint, 'is_active' | 'disabled_reason' | 'verification'>,
  { retrySchedule, requireVerification }: DeliveryRules,
): { failureReason: FailureReason | undefined; delayMs: number } {
  const firstDelayMs = (retrySchedule[0] ?? 0) * 1000;
  if (!endpoint.is_active) {
    const failureReason = endpoint.disabled_reason === 'GONE' ? 'ENDPOINT_GONE' : 'ENDPOINT_INACTIVE';
    return { failureReason, delayMs: 0 };
  }
  if (!requireVerification || endpoint.verification === 'VERIFIED') {
    return { failureReason: undefined, delayMs: firstDelayMs };
  }
  if (endpoint.verification === 'PENDING') {
    return { failureReason: undefined, delayMs: Math.max(firstDelayMs, handshakeWaitMs) };
  }
  return { failureReason: 'ENDPOINT_UNVERIFIED', delayMs: 0 };
}
