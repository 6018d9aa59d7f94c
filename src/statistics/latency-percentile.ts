import { latencyOfBucket } from '../status/latency.ts';

/**
 * The latency in milliseconds that the given share of attempts does not exceed (nearest rank), from a histogram in
 * the order of its buckets. It is at most 5 % away from the exact value, because both are in the same bucket. Null if
 * there are no attempts.
 */
export function latencyPercentile(
  histogram: readonly Readonly<{ bucket: number; attempts: number }>[],
  share: number,
): number | null {
  const total = histogram.reduce((sum, { attempts }) => sum + attempts, 0);
  const rank = Math.max(1, Math.ceil(total * share));
  let before = 0;
  for (const { bucket, attempts } of histogram) {
    if (before + attempts >= rank) {
      // The bucket's attempts are treated as if they were evenly spaced between its bounds, which are half a bucket
      // from its middle.
      const within = (rank - before - 0.5) / attempts;
      return latencyOfBucket(bucket + within - 0.5);
    }
    before += attempts;
  }
  return null;
}
