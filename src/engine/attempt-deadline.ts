import type { ClaimedRow } from './claim.ts';
import type { Leases } from './leases.ts';

const lookEveryMs = 250;

export type AttemptDeadline = Readonly<{ timeoutMs: number; signal: AbortSignal; end: () => void }>;

/**
 * How long an attempt may last: as long as its endpoint says, or as usual. One that may outlast its lease is cut off
 * when the lease has no time left, since from then on another worker may send; while the lease is renewed it never is.
 * Call `end` when the attempt has ended.
 */
export function attemptDeadline(
  row: ClaimedRow,
  usualMs: number,
  [leases, stop]: readonly [Pick<Leases, 'timeLeftMs'>, stop: AbortSignal],
): AttemptDeadline {
  const timeoutMs = row.sending?.timeoutMs ?? usualMs;
  if (timeoutMs <= usualMs) return { timeoutMs, signal: stop, end: () => {} };
  const cut = new AbortController();
  const timer = setInterval(() => {
    if (leases.timeLeftMs(row.shard) <= lookEveryMs) cut.abort();
  }, lookEveryMs);
  return { timeoutMs, signal: AbortSignal.any([cut.signal, stop]), end: () => clearInterval(timer) };
}
