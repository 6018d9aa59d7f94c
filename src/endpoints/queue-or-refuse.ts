import type { FailureReason } from '../status/status.ts';
import type { Endpoint } from './endpoint.ts';

/** While a handshake is under way its deliveries wait: it releases them itself, this is the second look. */
const handshakeWaitMs = 5_000;

/** What becomes of a delivery to this endpoint: FAILED with a reason, or queued after a delay. */
export function queueOrRefuse(
  endpoint: Pick<Endpoint, 'is_active' | 'disabled_reason' | 'verification'>,
  options: { requireVerification: boolean; firstDelayMs: number },
): { failureReason: FailureReason | undefined; delayMs: number } {
  const { requireVerification, firstDelayMs } = options;
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
