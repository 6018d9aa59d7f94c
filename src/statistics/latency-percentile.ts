import { latencyOfBucket } from '../status/latency.ts';

/**
 * The latency in milliseconds that the given share of attempts does not exceed (nearest rank), from a histogram in
 * the order of its buckets. At most 5 % from the exact one: it lies in the same bucket. Null where there is none.
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
      // As if the bucket's attempts lay at equal steps between its bounds, which are half a bucket from its middle.
      const within = (rank - before - 0.5) / attempts;
      return latencyOfBucket(bucket + within - 0.5);
    }
    before += attempts;
  }
  return null;
}
