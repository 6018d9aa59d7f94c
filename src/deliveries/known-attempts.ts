import type { DeliveryAttempt } from './list-attempts.ts';

/**
 * The attempts that a delivery's row already counts. Attempts are read after the row, so an attempt that was settled
 * in between would appear as SUCCEEDED beside a delivery that is still PENDING. The row does not count interrupted
 * attempts, and they do not contradict it.
 */
export function knownAttempts<A extends Pick<DeliveryAttempt, 'outcome'>>(
  { attempt_count: known }: { attempt_count: number },
  attempts: readonly A[],
): A[] {
  let counted = 0;
  return attempts.filter(({ outcome }) => {
    if (outcome === 'INTERRUPTED') return true;
    counted += 1;
    return counted <= known;
  });
}
