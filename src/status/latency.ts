/** Buckets of 5 %: bucket n holds latencies from 1.05^n to 1.05^(n+1) tenths of a millisecond. */
export function latencyBucketOf(durationMs: number): number {
  return Math.max(0, Math.floor(Math.log(Math.max(1, durationMs * 10)) / Math.log(1.05)));
}

/** The middle of a bucket in milliseconds, at most 2.5 % away from any value in the bucket. */
export function latencyOfBucket(bucket: number): number {
  return 1.05 ** (bucket + 0.5) / 10;
}
