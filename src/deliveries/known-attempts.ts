import type { DeliveryAttempt } from './list-attempts.ts';

/**
 * Those of a delivery's attempts that its row knows of. The attempts are read after the row: one that was settled in
 * between would otherwise stand as SUCCEEDED beside a delivery that is still PENDING. Interrupted attempts are not
 * counted by the row, and change nothing that it says.
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
