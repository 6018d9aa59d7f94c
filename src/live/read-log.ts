import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { RequestError } from '../errors.ts';
import type { DeliveryKind, DeliveryStatus } from '../tables.ts';

/**
 * Reads an owner's log: `delivery_log`, numbered 1, 2, 3 … in commit order, and its head and floor in `owner_log`.
 *
 * A page and the head are read by one statement, so they come from one snapshot. Writers hold the lock on the head's
 * row from the numbering to their commit, so in any snapshot every position up to the head exists. A missing position
 * was removed, and the reader must report it: a page that does not begin right after `after` is refused and never
 * passed on. A hole further on ends the page before it, and the next read begins at the hole.
 *
 * `since` is the time of the last change that was read. Times never go backwards within an owner, so it limits the
 * partitions that are read (0.28 ms against 0.72 ms for 31 partitions).
 */
export type LogPoint = Readonly<{ position: number; since: Date | undefined }>;

/** One status change of one delivery: a row of the log. */
export type LogChange = Readonly<{
  ownerId: string;
  position: number;
  occurredAt: Date;
  deliveryId: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  kind: DeliveryKind;
  tenantId: string | null;
  status: DeliveryStatus;
  previousStatus: DeliveryStatus | null;
  failureReason: string | null;
  attemptNumber: number;
  responseStatus: number | null;
}>;

/** The newest position, and the oldest that can still be resumed after. */
export type LogBounds = Readonly<{ head: number; floor: number }>;

export type LogPage = LogBounds & Readonly<{ changes: readonly LogChange[] }>;

/** A message for a subscriber: everything in `(after, position]` that matches its filter, in order. */
export type LogBatch = Readonly<{
  /** The previous batch's `position`; in the first batch, the position at which the subscription began. */
  after: number;
  position: number;
  /** The newest position of the log known when the batch was made. */
  head: number;
  changes: readonly LogChange[];
}>;

const headOf = statement('log_head', 'select head, floor, at from owner_log where owner_id = $1');

const headsOf = statement(
  'log_heads',
  'select owner_id as "ownerId", head, floor from owner_log where owner_id = any($1::uuid[])',
);

const pageOf = statement(
  'log_page',
  `select l.head, l.floor, c.position, c.occurred_at, c.delivery_id, c.endpoint_id, c.event_id, c.event_type, c.kind,
          c.tenant_id, c.status, c.previous_status, c.failure_reason, c.attempt_number, c.response_status
     from owner_log l
     left join lateral (
       select * from delivery_log
        where owner_id = $1 and position > $2 and occurred_at >= $3
        order by position
        limit $4
     ) c on true
    where l.owner_id = $1
    order by c.position`,
  {
    owner: 1,
    returns:
      'head bigint, floor bigint, position bigint, occurred_at timestamptz, delivery_id uuid, endpoint_id uuid, event_id uuid, event_type text, kind text, tenant_id uuid, status text, previous_status text, failure_reason text, attempt_number integer, response_status integer',
  },
);

type PageRow = LogBounds & (ChangeRow | { position: null });

/** The row as the table has it. */
export type ChangeRow = {
  position: number;
  occurred_at: Date;
  delivery_id: string;
  endpoint_id: string;
  event_id: string;
  event_type: string;
  kind: DeliveryKind;
  tenant_id: string | null;
  status: DeliveryStatus;
  previous_status: DeliveryStatus | null;
  failure_reason: string | null;
  attempt_number: number;
  response_status: number | null;
};

/** An owner without any change may have no row. */
const emptyLog: LogBounds = { head: 0, floor: 0 };

/** The head, the floor, and the point at the head. */
export async function readHead(db: Database, ownerId: string): Promise<LogBounds & { point: LogPoint }> {
  const [row] = await run<LogBounds & { at: Date }>(db, db.api, headOf, [ownerId]);
  if (row === undefined) return { ...emptyLog, point: { position: 0, since: undefined } };
  return { head: row.head, floor: row.floor, point: { position: row.head, since: row.at } };
}

/** The heads and floors of many owners' logs, by owner, in one statement. */
export async function readHeads(db: Database, ownerIds: readonly string[]): Promise<Map<string, LogBounds>> {
  const rows = await run<LogBounds & { ownerId: string }>(db, db.api, headsOf, [ownerIds]);
  return new Map(rows.map((row) => [row.ownerId, row]));
}

/**
 * The next changes after `point`, at most `limit`. The first has the position after it, and none is missing between
 * them. It is empty only if `point` is the head. Throws LOG_POSITION_AHEAD if the log has not reached that position,
 * and LOG_POSITION_EXPIRED if the next changes are no longer kept.
 */
export async function readPage(
  db: Database,
  ownerId: string,
  read: { point: LogPoint; limit: number },
): Promise<LogPage> {
  const { position: after, since } = read.point;
  const rows = await run<PageRow>(db, db.api, pageOf, [ownerId, after, since ?? '-infinity', read.limit]);
  const { head, floor } = rows[0] ?? emptyLog;
  if (after > head) throw positionAhead(after, head);
  if (after < floor) throw positionExpired(after, floor);
  const found = rows.flatMap((row) => (row.position === null ? [] : [toChange(ownerId, row)]));
  const gap = found.findIndex((change, index) => change.position !== after + 1 + index);
  const changes = gap === -1 ? found : found.slice(0, gap);
  if (changes.length === 0 && after < head) {
    throw positionExpired(after, Math.max(floor, (found[0]?.position ?? head + 1) - 1));
  }
  return { head, floor, changes };
}

function positionAhead(after: number, head: number): RequestError {
  return new RequestError(
    'LOG_POSITION_AHEAD',
    `The log's newest position is ${head}, so it has not reached ${after} yet.`,
    { head },
  );
}

function positionExpired(after: number, oldestPosition: number): RequestError {
  return new RequestError(
    'LOG_POSITION_EXPIRED',
    `The changes after position ${after} are no longer kept; the log can be resumed after ${oldestPosition}.`,
    { oldestPosition },
  );
}

export function toChange(ownerId: string, row: ChangeRow): LogChange {
  return {
    ownerId,
    position: row.position,
    occurredAt: row.occurred_at,
    deliveryId: row.delivery_id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    eventType: row.event_type,
    kind: row.kind,
    tenantId: row.tenant_id,
    status: row.status,
    previousStatus: row.previous_status,
    failureReason: row.failure_reason,
    attemptNumber: row.attempt_number,
    responseStatus: row.response_status,
  };
}
