import type { UnfinishedStatus } from '../status/status.ts';
import type { DeliveryKind, EndpointSending } from '../tables.ts';

/** What a claim saw of an endpoint, for its deliveries that it took. */
type SeenOfLane = {
  owner_id: string;
  endpoint_id: string;
  shard: number;
  claim: number;
  url: string | null;
  is_active: boolean | null;
  disabled_reason: string | null;
  verification: string | null;
  purged_through: string | null;
  max_deliveries_per_second: number | null;
  /** Without its filter, which may be long and is not needed here. */
  sending: Omit<EndpointSending, 'filter'> | null;
  /** Of such a lane only the delivery that may be sent now is taken. */
  is_strict: boolean;
};

/** A delivery that a claim took. */
export type ClaimedRow = SeenOfLane & {
  delivery_id: string;
  event_id: string;
  due_at: Date;
  status: UnfinishedStatus;
  attempt_count: number;
  attempt_rows: number;
  max_attempts: number;
  kind: DeliveryKind;
  stale_claim: number | null;
  stale_at: Date | null;
  is_suspended: boolean;
  /** The installation because of which the event was forwarded has been revoked. */
  is_revoked: boolean;
};

/** Null where nothing may be taken from the lane without its order. */
export type ClaimedLane = SeenOfLane & { deliveries: string | null };

/**
 * The deliveries of a lane as one text. As rows of their own, with each column a text to be made and read, they take
 * twice the time. None of these values can contain a separator.
 */
export const packedDelivery = `concat_ws(',', t.delivery_id, t.event_id, extract(epoch from t.due_at) * 1000, t.status,
            t.attempt_count, t.attempt_rows, t.max_attempts, t.kind, (w.suspended_at is not null)::integer,
            (i.revoked_at is not null)::integer, coalesce(t.stale_claim::text, ''),
            coalesce((extract(epoch from t.stale_at) * 1000)::text, ''))`;

const statuses: readonly UnfinishedStatus[] = ['PENDING', 'DELIVERING', 'RETRYING'];
const kinds: readonly DeliveryKind[] = ['EVENT', 'REPLAY', 'TEST'];

/** The deliveries of the lanes, in the order in which they were due. Those of one lane keep their order. */
export function rowsOf(lanes: readonly ClaimedLane[]): ClaimedRow[] {
  const rows: ClaimedRow[] = [];
  for (const lane of lanes) {
    if (lane.deliveries === null) continue;
    for (const packed of lane.deliveries.split(';')) rows.push(unpacked(lane, packed.split(',')));
  }
  return rows.sort((a, b) => a.due_at.getTime() - b.due_at.getTime());
}

function unpacked(lane: ClaimedLane, parts: readonly string[]): ClaimedRow {
  const [deliveryId = '', eventId = '', dueAt, status, attempts, attemptRows, maxAttempts, kind, ...more] =
    parts;
  const [isSuspended, isRevoked, staleClaim = '', staleAt = ''] = more;
  // Written out, because copying an object takes many times as long.
  return {
    owner_id: lane.owner_id,
    delivery_id: deliveryId,
    shard: lane.shard,
    endpoint_id: lane.endpoint_id,
    event_id: eventId,
    due_at: new Date(Number(dueAt)),
    status: oneOf(statuses, status),
    attempt_count: Number(attempts),
    attempt_rows: Number(attemptRows),
    max_attempts: Number(maxAttempts),
    kind: oneOf(kinds, kind),
    claim: lane.claim,
    stale_claim: staleClaim === '' ? null : Number(staleClaim),
    stale_at: staleAt === '' ? null : new Date(Number(staleAt)),
    url: lane.url,
    is_active: lane.is_active,
    disabled_reason: lane.disabled_reason,
    verification: lane.verification,
    purged_through: lane.purged_through,
    max_deliveries_per_second: lane.max_deliveries_per_second,
    sending: lane.sending,
    is_strict: lane.is_strict,
    is_suspended: isSuspended === '1',
    is_revoked: isRevoked === '1',
  };
}

function oneOf<Text extends string>(known: readonly Text[], text: string | undefined): Text {
  const found = known.find((one) => one === text);
  if (found === undefined) throw new Error(`A claim returned ${text}.`);
  return found;
}
