import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { run, statement } from '../db/statement.ts';
import { logTail, statTail } from './log-tail.ts';
import type { AttemptOutcome, FailureReason, FinalStatus } from './status.ts';

/**
 * The one place where the status of an existing delivery changes; `create-deliveries.ts` is where it gets its first.
 *
 * A batch is one statement and one transaction: rows of `due` are locked in key order and fenced, then `delivery`,
 * `attempt`, the rollups and the owner's log are written, in that order everywhere (no two batches can deadlock).
 * All of a batch's owners belong to one owner group.
 *
 * The fence is the claim: a change applies only where the row is still claimed under the epoch, and at the number of
 * attempts, that the caller saw. A worker that lost its lease, or a repetition of a batch whose answer was lost,
 * changes nothing. That is why any of these statements may be repeated after any failure.
 */
export type Change = Readonly<{
  ownerId: string;
  deliveryId: string;
  /** The lease's epoch under which the caller claimed it, and the rows in `attempt` that it saw then. */
  claim: number;
  attemptRows: number;
  to:
    | { kind: 'end'; status: FinalStatus; reason: FailureReason | undefined }
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
}>;

/** What became of a change: its row's new due time, where it has one. */
export type Applied = { delivery_id: string; due_at: Date | null };

/** Buckets of 5 %: bucket n holds latencies from 1.05^n to 1.05^(n+1) tenths of a millisecond. */
export function latencyBucketOf(durationMs: number): number {
  return Math.max(0, Math.floor(Math.log(Math.max(1, durationMs * 10)) / Math.log(1.05)));
}

/** The middle of a bucket, in milliseconds: at most 2.5 % from whatever was counted there. */
export function latencyOfBucket(bucket: number): number {
  return 1.05 ** (bucket + 0.5) / 10;
}

/**
 * From the locked rows to the log. `held` gives owner_id, delivery_id, previous, to_status, reason, ends,
 * stays_claimed, delay_ms, counted, added, and with attempts their columns. Each step returns all of them, because
 * hash joins are switched off on our connections and joining two steps would be quadratic.
 */
const transition = (held: string, options: { withAttempts: boolean }) => `
  ${held},
  gone as (
    delete from due d using held h
     where d.owner_id = h.owner_id and d.delivery_id = h.delivery_id and h.ends
    returning h.*, null::timestamptz(3) as due_at
  ),
  kept as (
    update due d set
      status = coalesce(h.to_status, d.status),
      due_at = case when h.stays_claimed then d.due_at else now() + h.delay_ms * interval '1 millisecond' end,
      claim = case when h.stays_claimed then d.claim end,
      attempt_count = d.attempt_count + h.counted,
      attempt_rows = d.attempt_rows + h.added
      from held h
     where d.owner_id = h.owner_id and d.delivery_id = h.delivery_id and not h.ends
    returning h.*, d.due_at
  ),
  moved as materialized (
    select * from gone union all select * from kept
  ),
  del as (
    update delivery d set
      status = coalesce(m.to_status, d.status),
      failure_reason = m.reason,
      attempt_count = d.attempt_count + m.counted,
      next_attempt_at = case when not m.stays_claimed then m.due_at end,
      updated_at = now(),
      completed_at = case when m.ends then now() end
      from moved m
     where d.owner_id = m.owner_id and d.id = m.delivery_id
    returning d.owner_id, d.id, d.endpoint_id, d.event_id, d.event_type, d.kind, d.tenant_id, d.status,
      m.previous as previous_status, d.failure_reason, d.attempt_count, m.to_status is not null as is_logged,
      m.due_at${options.withAttempts ? attemptColumns : ', null::integer as response_status'}
  ),
  ${options.withAttempts ? `${attemptWriters},` : ''}
  ${statTail},
  ${logTail({ writers: options.withAttempts ? ['att', 'lat', 'stat'] : ['stat'], expected: 'moved' })}`;

const attemptColumns = `, m.added, m.number, m.outcome, m.started_at, m.duration_ms, m.bucket, m.response_status,
      m.response_body, m.response_headers, m.request_headers, m.error`;

const attemptWriters = `
  att as (
    insert into attempt
      (owner_id, delivery_id, number, outcome, started_at, duration_ms, response_status, response_body,
       response_headers, request_headers, error)
    select owner_id, id, number, outcome, started_at, duration_ms, response_status, response_body,
           response_headers, request_headers, error
      from del where added = 1
    returning 1
  ),
  lat as (
    insert into endpoint_latency as l (owner_id, endpoint_id, hour, bucket, attempts)
    select owner_id, endpoint_id, date_trunc('hour', started_at), bucket, count(*)
      from del where bucket is not null
     group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (owner_id, endpoint_id, hour, bucket) do update set attempts = l.attempts + excluded.attempts
    returning 1
  )`;

const applyStatement = statement(
  'apply',
  `with x as materialized (
     select * from unnest(
       $1::uuid[], $2::uuid[], $3::bigint[], $4::integer[], $5::text[], $6::text[], $7::boolean[], $8::boolean[],
       $9::float8[], $10::integer[], $11::text[], $12::timestamptz[], $13::real[], $14::smallint[], $15::integer[],
       $16::text[], $17::text[], $18::text[], $19::text[])
     as t(owner_id, delivery_id, claim, attempt_rows, to_status, reason, ends, stays_claimed, delay_ms, counted,
          outcome, started_at, duration_ms, bucket, response_status, response_body, response_headers,
          request_headers, error)
   ),
   ${transition(
     `held as materialized (
     select d.owner_id, d.delivery_id, d.status as previous, d.attempt_rows + 1 as number,
            x.to_status, x.reason, x.ends, x.stays_claimed, x.delay_ms, x.counted,
            (x.outcome is not null)::integer as added, x.outcome, x.started_at, x.duration_ms, x.bucket,
            x.response_status, x.response_body, x.response_headers::json, x.request_headers::json, x.error
       from due d join x on x.owner_id = d.owner_id and x.delivery_id = d.delivery_id
      where d.claim = x.claim and d.attempt_rows = x.attempt_rows
      order by d.owner_id, d.delivery_id
        for update of d
   )`,
     { withAttempts: true },
   )}
   select del.id as delivery_id, del.due_at from checked left join del on true where checked.ok = 0`,
);

/** Applies the changes of one owner group. Returns those that applied; a change that was fenced is not among them. */
export async function apply(db: Database, changes: readonly Change[]): Promise<Applied[]> {
  const attempts = changes.map(({ attempt }) => attempt);
  const rows = await run<Partial<Applied>>(db, db.engine, applyStatement, [
    changes.map(({ ownerId }) => ownerId),
    changes.map(({ deliveryId }) => deliveryId),
    changes.map(({ claim }) => claim),
    changes.map(({ attemptRows }) => attemptRows),
    changes.map(({ to }) => statusOf(to)),
    changes.map(({ to }) => (to.kind === 'end' ? (to.reason ?? null) : null)),
    changes.map(({ to }) => to.kind === 'end'),
    changes.map(({ to }) => to.kind === 'delivering'),
    changes.map(({ to }) => ('delayMs' in to ? to.delayMs : 0)),
    attempts.map((attempt) => (attempt?.counts === true ? 1 : 0)),
    attempts.map((attempt) => attempt?.outcome ?? null),
    attempts.map((attempt) => attempt?.startedAt ?? null),
    attempts.map((attempt) => attempt?.durationMs ?? null),
    attempts.map((attempt) =>
      attempt?.durationMs === undefined ? null : latencyBucketOf(attempt.durationMs),
    ),
    attempts.map((attempt) => attempt?.responseStatus ?? null),
    attempts.map((attempt) => storable(attempt?.responseBody)),
    attempts.map((attempt) => jsonOf(attempt?.responseHeaders)),
    attempts.map((attempt) => jsonOf(attempt?.requestHeaders)),
    attempts.map((attempt) => storable(attempt?.error)),
  ]);
  const applied = rows.flatMap(({ delivery_id, due_at }) =>
    delivery_id == null ? [] : [{ delivery_id, due_at: due_at ?? null }],
  );
  if (applied.length > 0) db.hints.send(new Set(changes.map(({ ownerId }) => ownerId)));
  return applied;
}

function statusOf(to: Change['to']): string | null {
  switch (to.kind) {
    case 'end':
      return to.status;
    case 'retry':
      return 'RETRYING';
    case 'delivering':
      return 'DELIVERING';
    case 'defer':
      return null;
  }
}

/** PostgreSQL's text holds no NUL and no half of a surrogate pair; a receiver may send either. */
function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\u0000', '\ufffd').toWellFormed();
}

function jsonOf(headers: AttemptRecord['responseHeaders']): string | null {
  if (headers === undefined) return null;
  return JSON.stringify(headers.map(({ name, value }) => ({ name: storable(name), value: storable(value) })));
}

const endQueuedStatement = statement(
  'end_queued',
  `with ${transition(
    `held as materialized (
     select d.owner_id, d.delivery_id, d.status as previous, 'FAILED'::text as to_status, $3::text as reason,
            true as ends, false as stays_claimed, 0::float8 as delay_ms, 0 as counted, 0 as added
       from due d
      where d.owner_id = $1 and d.endpoint_id = $2 and d.delivery_id <= $5 and ($4 or d.claim is null)
      order by d.owner_id, d.delivery_id
      limit $6
        for update
   )`,
    { withAttempts: false },
  )}
   select (select count(*)::integer from del) as ended from checked where checked.ok = 0`,
);

/** Rows in one statement: about 50 ms, so that the owner's log is never held for long. */
const endQueuedChunk = 2_000;
const newestUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Ends everything that is queued for an endpoint as FAILED, in the log, in chunks that are a transaction each.
 * Call it after the change that makes further sending impossible has been committed: what a crash leaves over, and
 * what is published meanwhile, is ended by the next claim, which reads the endpoint's state.
 *
 * `claimedToo` also ends what a worker has just sent: its late answer then changes nothing. Without it, what is on
 * the wire may finish. Returns how many it ended.
 */
export async function endQueued(
  db: Database,
  options: {
    ownerId: string;
    endpointId: string;
    reason: FailureReason;
    claimedToo?: boolean;
    /** Only deliveries up to this id. */
    through?: string;
  },
): Promise<number> {
  const { ownerId, endpointId, reason, claimedToo = false, through = newestUuid } = options;
  let total = 0;
  for (;;) {
    const rows = await retrying(
      () =>
        run<{ ended: number }>(db, db.engine, endQueuedStatement, [
          ...[ownerId, endpointId, reason, claimedToo, through, endQueuedChunk],
        ]),
      { attempts: 5 },
    );
    const ended = rows[0]?.ended ?? 0;
    total += ended;
    if (ended > 0) db.hints.send([ownerId]);
    if (ended < endQueuedChunk) return total;
  }
}
