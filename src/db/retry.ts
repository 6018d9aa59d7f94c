import { setTimeout as delay } from 'node:timers/promises';

/** The codes of PostgreSQL and of the socket after which the same statement may soon succeed. */
const transientCodes = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled (statement_timeout)
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
  '53100', // disk_full
  '53200', // out_of_memory
  '25006', // read_only_sql_transaction: a standby, until it has taken over
  '25P03', // idle_in_transaction_session_timeout
  '08P01', // protocol_violation: with it pgbouncer reports everything that keeps it from its server
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'ECONNABORTED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Connection failures that node-pg reports without a code. */
const transientMessages = [
  /^Connection terminated/,
  /^Query read timeout$/,
  /timeout exceeded when trying to connect/,
  /^Client has encountered a connection error/,
  /^Client was closed and is not queryable/,
  /^timeout expired$/,
];

export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Whether there was no partition for a row. They are made days ahead, but a machine that slept for longer wakes without
 * any. They are then made at once (`Database.makePartitions`), so that a repetition succeeds.
 */
export const isPartitionMissing = (error: unknown): boolean =>
  sqlStateOf(error) === '23514' &&
  error instanceof Error &&
  'routine' in error &&
  (error.routine === 'ExecFindPartition' ||
    // A node of Citus has said it, and which check has failed there is only in the message.
    (error.routine === 'ReportResultError' && /partition/i.test(error.message)));

/**
 * Whether a repetition may succeed, because the connection or the server failed, a lock was in the way, or a partition
 * was missing.
 */
export function isTransient(error: unknown): boolean {
  if (isPartitionMissing(error)) return true;
  const code = sqlStateOf(error);
  if (code !== undefined && (transientCodes.has(code) || code.startsWith('08'))) return true;
  return error instanceof Error && transientMessages.some((pattern) => pattern.test(error.message));
}

/**
 * Whether the error means that the database cannot be used at all, so that every request would fail now. A statement
 * that took too long does not mean that, and repeating it would only burden the server again.
 */
export function isDatabaseAway(error: unknown): boolean {
  return isTransient(error) && sqlStateOf(error) !== '57014' && !isPartitionMissing(error);
}

/**
 * Repeats `act` while it fails for a temporary reason, up to `attempts` times, with growing pauses. Use it only for an
 * act that may run twice: its commit may have succeeded although the answer was lost.
 */
export async function retrying<T>(
  act: () => Promise<T>,
  options: { attempts: number; signal?: AbortSignal; onRetry?: (error: unknown) => void },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt >= options.attempts || !isTransient(error) || options.signal?.aborted) throw error;
      options.onRetry?.(error);
      await delay(Math.min(2_000, 20 * 2 ** attempt) * (0.5 + Math.random() / 2));
    }
  }
}
