import { sql } from 'kysely';
import type { Database } from '../db/pool.ts';
import { lowestUuid } from '../ids.ts';
import { sealedHeaderPlace } from '../sending/sealed-headers.ts';

const batchRows = 200;

/** Reseals the secret headers of endpoints for which `reseal` returns a new value. Returns the number of endpoints. */
export async function rekeyHeaders(
  { query }: Database,
  reseal: (sealed: Buffer, place: string) => Buffer | undefined,
): Promise<number> {
  let changed = 0;
  let last = { owner_id: lowestUuid, id: lowestUuid };
  for (;;) {
    const rows = await query
      .selectFrom('endpoint')
      .select(['owner_id', 'id', 'sending'])
      .where(sql<boolean>`(owner_id, id) > (${last.owner_id}::uuid, ${last.id}::uuid)`)
      .where(sql<boolean>`sending ? 'headers'`)
      .orderBy('owner_id')
      .orderBy('id')
      .limit(batchRows)
      .execute();
    for (const { owner_id, id, sending } of rows) {
      const headers = (sending?.headers ?? []).map((header) => {
        if (!('sealed' in header)) return header;
        const place = sealedHeaderPlace({ ownerId: owner_id, endpointId: id, name: header.name });
        const fresh = reseal(Buffer.from(header.sealed, 'base64'), place);
        return fresh === undefined ? header : { ...header, sealed: fresh.toString('base64') };
      });
      if (JSON.stringify(headers) === JSON.stringify(sending?.headers)) continue;
      const { numUpdatedRows } = await query
        .updateTable('endpoint')
        .set({ sending: JSON.stringify({ ...sending, headers }) })
        .where('owner_id', '=', owner_id)
        .where('id', '=', id)
        .where(sql<boolean>`sending = ${JSON.stringify(sending)}::jsonb`)
        .executeTakeFirst();
      changed += Number(numUpdatedRows);
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length < batchRows) return changed;
    last = end;
  }
}
