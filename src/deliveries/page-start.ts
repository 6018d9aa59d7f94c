import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';

/** What is read before a page of an owner's deliveries. */
export type PageStart = Readonly<{
  /** The newest position of the owner's log. */
  head: number;
  /** Whether purged deliveries of the owner still have to be removed (see `scopeWhileRemoving`). */
  isRemoving: boolean;
}>;

/** Whether purged deliveries of the owner of the log `l` still have to be removed. */
export const isRemoving = `exists (select from endpoint e
                   where e.owner_id = l.owner_id and e.purged_through is not null
                     and e.removed_through is distinct from e.purged_through)`;

const startsOf = statement(
  'page_starts',
  `select l.owner_id as "ownerId", l.head,
          ${isRemoving} as "isRemoving"
     from owner_log l where l.owner_id = any($1::uuid[])`,
);

/** In the order of the owners. An owner without any change may have no log, and then has no deliveries either. */
export async function readStarts(db: Database, ownerIds: readonly string[]): Promise<PageStart[]> {
  const rows = await run<PageStart & { ownerId: string }>(db, db.api, startsOf, [ownerIds]);
  const found = new Map(rows.map((row) => [row.ownerId, row]));
  return ownerIds.map((ownerId) => found.get(ownerId) ?? { head: 0, isRemoving: false });
}
