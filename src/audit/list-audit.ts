import { emptyPage, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Database } from '../db/pool.ts';
import { badUserInput } from '../errors.ts';
import { decodeId, firstUuidAt, typeOfId } from '../ids.ts';
import { storable } from '../text.ts';
import { type AuditEntry, toAuditEntry } from './audit-entry.ts';

/** A condition that is null or absent is ignored. The window is `occurredAfter` <= occurred < `occurredBefore`. */
export type AuditFilter = Readonly<{
  action?: readonly string[] | null | undefined;
  actorId?: readonly string[] | null | undefined;
  targetId?: string | null | undefined;
  occurredAfter?: Date | null | undefined;
  occurredBefore?: Date | null | undefined;
}>;

/** A page of an owner's audit entries, newest first. An unknown target has no entries. */
export async function listAudit(
  database: Database,
  ownerId: string,
  options: Readonly<{ page: PageArgs; filter?: AuditFilter | null | undefined }>,
): Promise<Page<AuditEntry>> {
  const asked = pageRange(options.page, { kind: 'AuditEntry', ownerId });
  const { action, actorId, targetId, occurredAfter, occurredBefore } = options.filter ?? {};
  refuseReversed(occurredAfter, occurredBefore);

  const target = targetId == null ? null : uuidOf(targetId);
  if (target === undefined) return emptyPage(asked);
  return await readPage(asked, async (range) => {
    let query = database.query
      .selectFrom('audit_entry')
      .selectAll()
      .where('owner_id', '=', ownerId)
      .orderBy('id', range.backward ? 'asc' : 'desc')
      .limit(range.limit);
    // The order is newest first, so entries after a cursor are older than it.
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    if (action != null)
      query = query.where((where) => where('action', '=', where.fn.any(where.val(storable(action)))));
    if (actorId != null)
      query = query.where((where) => where('actor_id', '=', where.fn.any(where.val(storable(actorId)))));
    if (occurredAfter != null) query = query.where('id', '>=', firstUuidAt(occurredAfter.getTime()));
    if (occurredBefore != null) query = query.where('id', '<', firstUuidAt(occurredBefore.getTime()));
    if (target != null) query = query.where('target_id', '=', target);
    return (await query.execute()).map(toAuditEntry);
  });
}

/** The owner's entries by id. Another owner's entries read as missing. */
export async function findAuditEntries(
  database: Database,
  ownerId: string,
  ids: readonly string[],
): Promise<AuditEntry[]> {
  const rows = await database.query
    .selectFrom('audit_entry')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where((where) => where('id', '=', where.fn.any(where.val([...ids]))))
    .execute();
  return rows.map(toAuditEntry);
}

function uuidOf(id: string): string | undefined {
  const type = typeOfId(id);
  return type === undefined ? undefined : decodeId(type, id);
}

function refuseReversed(after: Date | null | undefined, before: Date | null | undefined): void {
  if (after == null || before == null || after <= before) return;
  throw badUserInput('`occurredAfter` must not be later than `occurredBefore`.', { argument: 'filter' });
}
