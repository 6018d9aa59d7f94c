import type { Selectable } from 'kysely';
import type { Config } from '../config.ts';
import type { FailureReason } from '../status/status.ts';
import type { Tables } from '../tables.ts';

/** The end of a handshake releases the deliveries that wait for it. If that release is lost, they wait for this time. */
const handshakeWaitMs = 5_000;

/** The settings that a new delivery depends on. */
export type DeliveryRules = Pick<Config, 'retrySchedule' | 'requireVerification'>;

/** The columns of its endpoint that a new delivery depends on. */
export type Recipient = Pick<
  Selectable<Tables['endpoint']>,
  'is_active' | 'disabled_reason' | 'verification' | 'sending' | 'queue_full_at' | 'strict_boundary'
>;

/** How a new delivery begins. */
export type DeliveryPlan = Readonly<{
  /** Set if the endpoint cannot accept it. Then the delivery is created as FAILED. */
  failureReason: FailureReason | undefined;
  maxAttempts: number;
  /** The delay before the first attempt, in milliseconds. */
  delayMs: number;
  /** Whether it waits until the deliveries before it have ended. */
  isStrict: boolean;
}>;

/**
 * The only place that decides how a new delivery begins, whether it is published, forwarded, replayed or a test: the
 * number of attempts and the time of the first one, or the reason why it is refused at once.
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
