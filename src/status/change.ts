import type { AttemptOutcome, GivenUpReason } from './status.ts';

/** A change of a delivery that a worker has claimed. */
export type Change = Readonly<{
  ownerId: string;
  deliveryId: string;
  /**
   * The lease's epoch under which the caller claimed the delivery, and the number of rows in `attempt` at that time.
   */
  claim: number;
  attemptRows: number;
  to:
    | { kind: 'end'; status: 'SUCCEEDED'; reason: undefined }
    | { kind: 'end'; status: 'DEAD_LETTER'; reason: 'RETRIES_EXHAUSTED' }
    | { kind: 'end'; status: 'FAILED'; reason: GivenUpReason }
    /** Due again after the delay. */
    | { kind: 'retry'; delayMs: number }
    /** The attempt has been under way for a second: still claimed. */
    | { kind: 'delivering' }
    /** Handed back unchanged, due after the delay: nothing was sent. */
    | { kind: 'defer'; delayMs: number };
  attempt: AttemptRecord | undefined;
}>;

export type AttemptRecord = Readonly<{
  outcome: AttemptOutcome;
  /** An interrupted attempt does not count towards the schedule. */
  counts: boolean;
  startedAt: Date;
  durationMs: number | undefined;
  responseStatus: number | undefined;
  responseBody: string | undefined;
  responseHeaders: readonly { name: string; value: string }[] | undefined;
  requestHeaders: readonly { name: string; value: string }[] | undefined;
  error: string | undefined;
  /** The request was sent a second time, because its kept connection had been closed. */
  reconnected?: boolean;
}>;

/** The result of a change: the new due time of its row, if there is still one. */
export type Applied = { delivery_id: string; due_at: Date | null };
