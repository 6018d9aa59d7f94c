import type { Leases } from '../lanes/leases.ts';
import type { ClaimedRow } from './claim.ts';

const lookEveryMs = 250;

export type AttemptDeadline = Readonly<{
  timeoutMs: number;
  signal: AbortSignal;
  /** Whether the lease has ended. Asked right before the request is written. */
  isLate: () => boolean;
  /** Whether the attempt was ended by us, or not begun, so that it says nothing about the receiver. */
  wasCut: () => boolean;
  end: () => void;
}>;

/**
 * The time limit of an attempt: the endpoint's, or the default. An attempt that could outlast its lease is ended when
 * the lease has no time left, because from then on another worker may send. While the lease is renewed this does not
 * happen. Call `end` when the attempt has ended.
 *
 * A process that is paused (SIGSTOP, a frozen container) between its claim and the request would send when it goes on,
 * perhaps long after another worker has. So the lease is looked at once more when the connection stands. What remains is
 * a pause between that look and the write, some microseconds of our own code.
 */
export function attemptDeadline(
  row: ClaimedRow,
  usualMs: number,
  [leases, stop]: readonly [Pick<Leases, 'timeLeftMs'>, stop: AbortSignal],
): AttemptDeadline {
  const timeoutMs = row.sending?.timeoutMs ?? usualMs;
  let wasLate = false;
  const isLate = () => {
    wasLate = leases.timeLeftMs(row.shard) <= 0;
    return wasLate;
  };
  if (timeoutMs <= usualMs) {
    return { timeoutMs, signal: stop, isLate, wasCut: () => wasLate || stop.aborted, end: () => {} };
  }
  const cut = new AbortController();
  const timer = setInterval(() => {
    if (leases.timeLeftMs(row.shard) <= lookEveryMs) cut.abort();
  }, lookEveryMs);
  const signal = AbortSignal.any([cut.signal, stop]);
  return {
    timeoutMs,
    signal,
    isLate,
    wasCut: () => wasLate || signal.aborted,
    end: () => clearInterval(timer),
  };
}
