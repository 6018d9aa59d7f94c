import type { Selectable } from 'kysely';
import type { Config } from '../config.ts';
import type { FailureReason } from '../status/status.ts';
import type { Tables } from '../tables.ts';

/** A handshake that ends releases the deliveries that wait for it. This wait is for when that release is lost. */
const handshakeWaitMs = 5_000;

/** What a fresh delivery depends on. */
export type DeliveryRules = Pick<Config, 'retrySchedule' | 'requireVerification'>;

/** What of its endpoint a fresh delivery depends on. */
export type Recipient = Pick<
  Selectable<Tables['endpoint']>,
  'is_active' | 'disabled_reason' | 'verification' | 'sending' | 'queue_full_at' | 'strict_boundary'
>;

/** How a fresh delivery begins. */
export type DeliveryPlan = Readonly<{
  /** Set where the endpoint cannot take it: the delivery is created FAILED. */
  failureReason: FailureReason | undefined;
  maxAttempts: number;
  /** Milliseconds before the first attempt. */
  delayMs: number;
  /** Whether it has to wait for those before it. */
  isStrict: boolean;
}>;

/**
 * The only place that decides how a fresh delivery begins, whether it is published, forwarded, replayed or a test:
 * how many attempts it gets, when the first one is due, or why it is refused at once.
 */
export function planDelivery(
  endpoint: Recipient,
  { retrySchedule: usual, requireVerification }: DeliveryRules,
): DeliveryPlan {
  const retrySchedule = endpoint.sending?.retrySchedule ?? usual;
  const maxAttempts = retrySchedule.length;
  const firstDelayMs = (retrySchedule[0] ?? 0) * 1000;
  const isStrict = endpoint.strict_boundary !== null;
  const refuse = (failureReason: FailureReason) => ({ failureReason, maxAttempts, delayMs: 0, isStrict });
  const queue = (delayMs: number) => ({ failureReason: undefined, maxAttempts, delayMs, isStrict });

  if (!endpoint.is_active) {
    return refuse(endpoint.disabled_reason === 'GONE' ? 'ENDPOINT_GONE' : 'ENDPOINT_INACTIVE');
  }
  if (endpoint.queue_full_at !== null) return refuse('ENDPOINT_PAUSED');
  if (!requireVerification || endpoint.verification === 'VERIFIED') return queue(firstDelayMs);
  if (endpoint.verification === 'PENDING') return queue(Math.max(firstDelayMs, handshakeWaitMs));
  return refuse('ENDPOINT_UNVERIFIED');
}
