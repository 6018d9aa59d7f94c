import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';

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
