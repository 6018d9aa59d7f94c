import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { FailureReason } from '../status/status.ts';

/** An endpoint as publishing sees it. */
export type Subscriber = {
  owner_id: string;
  id: string;
  events: string[];
  is_active: boolean;
  disabled_reason: string | null;
  verification: 'UNVERIFIED' | 'PENDING' | 'VERIFIED' | 'FAILED';
};

const subscribersStatement = statement(
  'subscribers',
  `select e.owner_id, e.id, e.events, e.is_active, e.disabled_reason, e.verification
     from unnest($1::uuid[]) as o(owner_id)
     join endpoint e on e.owner_id = o.owner_id
    where e.deleted_at is null and e.owner_kind = 'TENANT' and e.events && $2::text[]
    order by e.owner_id, e.id`,
);

/** The tenants' own endpoints that subscribed to any of the patterns, by owner. */
export async function findSubscribers(
  db: Database,
  ownerIds: readonly string[],
  patterns: readonly string[],
): Promise<ReadonlyMap<string, readonly Subscriber[]>> {
  const rows = await run<Subscriber>(db, db.engine, subscribersStatement, [ownerIds, patterns]);
  const byOwner = new Map<string, Subscriber[]>();
  for (const row of rows) {
    const list = byOwner.get(row.owner_id);
    if (list === undefined) byOwner.set(row.owner_id, [row]);
    else list.push(row);
  }
  return byOwner;
}

/** While a handshake is under way its deliveries wait: it releases them itself, this is the second look. */
export const handshakeWaitMs = 5_000;

/** What becomes of a delivery to this endpoint: FAILED with a reason, or queued after a delay. */
export function queueOrRefuse(
  endpoint: Pick<Subscriber, 'is_active' | 'disabled_reason' | 'verification'>,
  options: { requireVerification: boolean; firstDelayMs: number },
): { failureReason: FailureReason | undefined; delayMs: number } {
  const { requireVerification, firstDelayMs } = options;
  if (!endpoint.is_active) {
    const failureReason = endpoint.disabled_reason === 'GONE' ? 'ENDPOINT_GONE' : 'ENDPOINT_INACTIVE';
    return { failureReason, delayMs: 0 };
  }
  if (!requireVerification || endpoint.verification === 'VERIFIED') {
    return { failureReason: undefined, delayMs: firstDelayMs };
  }
  if (endpoint.verification === 'PENDING') {
    return { failureReason: undefined, delayMs: Math.max(firstDelayMs, handshakeWaitMs) };
  }
  return { failureReason: 'ENDPOINT_UNVERIFIED', delayMs: 0 };
}
