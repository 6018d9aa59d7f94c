import { type Kysely, type Selectable, sql } from 'kysely';
import { type AuditEntry, toAuditEntry } from '../audit/audit-entry.ts';
import { type Page, type PageRange, toPage } from '../db/keyset.ts';
import { runComposed } from '../db/statement.ts';
import type { Tables } from '../tables.ts';

/** A page of each endpoint's own audit entries, newest first, in one statement for all of an owner's endpoints. */
export async function listEndpointAudit(
  db: Kysely<Tables>,
  ownerId: string,
  { endpointIds, range }: { endpointIds: readonly string[]; range: PageRange },
): Promise<ReadonlyMap<string, Page<AuditEntry>>> {
  const found = await readEntries(db, ownerId, { endpointIds, range });
  return new Map(
    endpointIds.map((id) => {
      const readOne = async (beyond: PageRange) =>
        (await readEntries(db, ownerId, { endpointIds: [id], range: beyond })).get(id) ?? [];
      return [id, toPage(found.get(id) ?? [], range, readOne)];
    }),
  );
}

async function readEntries(
  db: Kysely<Tables>,
  ownerId: string,
  { endpointIds, range }: { endpointIds: readonly string[]; range: PageRange },
): Promise<ReadonlyMap<string, AuditEntry[]>> {
  const direction = range.backward ? sql`asc` : sql`desc`;
  const query = sql<Selectable<Tables['audit_entry']>>`
    select entry.*
      from unnest(${[...endpointIds]}::uuid[]) as target(id)
     cross join lateral (
       select * from audit_entry
        where owner_id = ${ownerId} and target_id = target.id
          and (${range.after ?? null}::uuid is null or id < ${range.after ?? null}::uuid)
          and (${range.before ?? null}::uuid is null or id > ${range.before ?? null}::uuid)
        order by id ${direction}
        limit ${range.limit}
     ) entry
     order by entry.id ${direction}`.compile(db);
  const returns = `owner_id uuid, id uuid, action text, actor_kind text, actor_id text, actor_label text, target_type text,
    target_id uuid, changes jsonb, request_id text`;
  const rows = await runComposed(db, { name: 'endpoint_audit', query, ownerId, returns });
  const entries = rows.map(toAuditEntry);
  return new Map(endpointIds.map((id) => [id, entries.filter(({ targetId }) => targetId === id)]));
}
