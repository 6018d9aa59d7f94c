import type { ClaimedRow } from './claim.ts';
import type { Leases } from './leases.ts';

const lookEveryMs = 250;

export type AttemptDeadline = Readonly<{ timeoutMs: number; signal: AbortSignal; end: () => void }>;

/**
 * The time limit of an attempt: the endpoint's, or the default. An attempt that could outlast its lease is ended when
 * the lease has no time left, because from then on another worker may send. While the lease is renewed this does not
 * happen. Call `end` when the attempt has ended.
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
