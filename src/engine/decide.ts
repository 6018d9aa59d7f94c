import { parseRetryAfter, retryDelayMs } from '../sending/retry-schedule.ts';
import type { AttemptRecord, Change } from '../status/change.ts';
import type { AttemptOutcome, GivenUpReason } from '../status/status.ts';
import type { ClaimedRow } from './claim.ts';

/** The result of an attempt. It is a value, never an exception. */
export type Outcome = Readonly<{
  outcome: AttemptOutcome;
  startedAt: Date;
  durationMs: number;
  responseStatus: number | undefined;
  responseBody: string | undefined;
  responseHeaders: readonly { name: string; value: string }[] | undefined;
  requestHeaders: readonly { name: string; value: string }[] | undefined;
  error: string | undefined;
  reconnected: boolean;
}>;

/** A handshake that ends releases the waiting deliveries. This second look is for deliveries created meanwhile. */
const handshakeRecheckMs = 3_000;

/**
 * Whether a claimed row may be sent at all, by the state in which the claim found its endpoint. Undefined means that
 * it may. Nothing is sent to an endpoint that is deleted, inactive, purged or not verified.
 */
export function changeInsteadOfSending(
  row: ClaimedRow,
  options: { requireVerification: boolean },
): Change | undefined {
  const change = changeOf(row);
  if (row.stale_claim !== null)
    return change(resumeAfterCrash(row), interruptedAttempt(row.stale_at ?? row.due_at, 'ended'));
  const reason = refusalOf(row, options.requireVerification);
  if (reason !== undefined) return change({ kind: 'end', status: 'FAILED', reason }, undefined);
  const waits = options.requireVerification && row.kind !== 'TEST' && row.verification === 'PENDING';
  return waits ? change({ kind: 'defer', delayMs: handshakeRecheckMs }, undefined) : undefined;
}

/** The next state of a delivery after an attempt. */
export function changeAfterAttempt(
  row: ClaimedRow,
  result: Outcome,
  options: { scheduleSeconds: readonly number[]; random: number; now: number },
): Change {
  const change = changeOf(row);
  // Written out, because copying an object takes many times as long.
  const attempt: AttemptRecord = {
    outcome: result.outcome,
    counts: true,
    startedAt: result.startedAt,
    durationMs: result.durationMs,
    responseStatus: result.responseStatus,
    responseBody: result.responseBody,
    responseHeaders: result.responseHeaders,
    requestHeaders: result.requestHeaders,
    error: result.error,
    reconnected: result.reconnected,
  };
  if (result.outcome === 'SUCCEEDED')
    return change({ kind: 'end', status: 'SUCCEEDED', reason: undefined }, attempt);
  if (result.outcome === 'BLOCKED_ADDRESS') {
    return change({ kind: 'end', status: 'FAILED', reason: 'BLOCKED_ADDRESS' }, attempt);
  }
  if (result.responseStatus === 410) {
    return change({ kind: 'end', status: 'FAILED', reason: 'ENDPOINT_GONE' }, attempt);
  }
  if (isRejected(row, result)) return change({ kind: 'end', status: 'FAILED', reason: 'REJECTED' }, attempt);
  const retryAfter = result.responseHeaders?.find(({ name }) => name.toLowerCase() === 'retry-after')?.value;
  const delayMs = retryDelayMs({
    scheduleSeconds: row.sending?.retrySchedule ?? options.scheduleSeconds,
    maxAttempts: row.max_attempts,
    made: row.attempt_count + 1,
    retryAfterMs: parseRetryAfter(retryAfter, options.now),
    random: options.random,
  });
  return delayMs === undefined
    ? change({ kind: 'end', status: 'DEAD_LETTER', reason: 'RETRIES_EXHAUSTED' }, attempt)
    : change({ kind: 'retry', delayMs }, attempt);
}

/** Whether the status of the answer is one with which, as its owner said, the receiver rejects a delivery for ever. */
export const isRejected = (
  { sending }: Pick<ClaimedRow, 'sending'>,
  { responseStatus }: Pick<Outcome, 'responseStatus'>,
): boolean => responseStatus !== undefined && sending?.stopOn?.includes(responseStatus) === true;

/** An attempt that has lasted a second is shown as DELIVERING. */
export const deliveringChange = (row: ClaimedRow): Change => changeOf(row)({ kind: 'delivering' }, undefined);

/** For a delivery whose attempt was ended, because its worker had to take the lease for lost. It is due again at once. */
export const cutChange = (row: ClaimedRow, startedAt: Date): Change =>
  changeOf(row)(
    { kind: 'retry', delayMs: 0 },
    interruptedAttempt(startedAt, 'lost contact with the database'),
  );

/** For a delivery that was claimed but then not sent. */
export const unsentChange = (row: ClaimedRow, to: Change['to']): Change => changeOf(row)(to, undefined);

const changeOf =
  (row: ClaimedRow) =>
  (to: Change['to'], attempt: AttemptRecord | undefined): Change => ({
    ownerId: row.owner_id,
    deliveryId: row.delivery_id,
    claim: row.claim,
    attemptRows: row.attempt_rows,
    to,
    attempt,
  });

function refusalOf(row: ClaimedRow, requireVerification: boolean): GivenUpReason | undefined {
  if (row.is_revoked) return 'INSTALLATION_REVOKED';
  if (row.is_suspended) return 'TENANT_SUSPENDED';
  if (row.url === null) return 'ENDPOINT_DELETED';
  if (row.purged_through !== null && row.delivery_id <= row.purged_through) return 'CANCELLED';
  if (row.is_active !== true) return row.disabled_reason === 'GONE' ? 'ENDPOINT_GONE' : 'ENDPOINT_INACTIVE';
  if (!requireVerification || row.kind === 'TEST') return undefined;
  return row.verification === 'UNVERIFIED' || row.verification === 'FAILED'
    ? 'ENDPOINT_UNVERIFIED'
    : undefined;
}

/**
 * Its last worker died during the attempt, so the delivery may or may not have been received. It is due again at
 * once.
 */
function resumeAfterCrash(row: ClaimedRow): Change['to'] {
  return row.status === 'DELIVERING' ? { kind: 'retry', delayMs: 0 } : { kind: 'defer', delayMs: 0 };
}

function interruptedAttempt(startedAt: Date, how: string): AttemptRecord {
  return {
    outcome: 'INTERRUPTED',
    counts: false,
    startedAt,
    durationMs: undefined,
    responseStatus: undefined,
    responseBody: undefined,
    responseHeaders: undefined,
    requestHeaders: undefined,
    error: `The sending process ${how} before an answer was recorded.`,
    reconnected: false,
  };
}
