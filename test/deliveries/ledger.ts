import { expect } from 'vitest';
import type { Database } from '../../src/db/pool.ts';

/** Reads an owner's tables directly, including everything that is hidden from readers. */
export const ledgerOf = (database: Database, ownerId: string) => ({
  async count(table: string, condition = 'true'): Promise<number> {
    const { rows } = await database.api.query<{ n: number }>(
      `select count(*)::int as n from ${table} where owner_id = $1 and ${condition}`,
      [ownerId],
    );
    return rows[0]?.n ?? -1;
  },
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await database.api.query(sql, [ownerId])).rows;
  },
  async audit(): Promise<string[]> {
    const { rows } = await database.api.query<{ action: string }>(
      'select action from audit_entry where owner_id = $1 order by id',
      [ownerId],
    );
    return rows.map(({ action }) => action);
  },
  /** The log is numbered 1, 2, 3 …, and the last entry of each delivery is its status. */
  async expectDenseLog(): Promise<void> {
    const log = await database.api.query<{ position: number; delivery_id: string; status: string }>(
      'select position, delivery_id, status from delivery_log where owner_id = $1 order by position',
      [ownerId],
    );
    const { rows: heads } = await database.api.query('select head from owner_log where owner_id = $1', [
      ownerId,
    ]);
    expect(heads).toEqual([{ head: log.rows.length }]);
    expect(log.rows.findIndex(({ position }, index) => position !== index + 1)).toBe(-1);
    const replayed = new Map(log.rows.map(({ delivery_id, status }) => [delivery_id, status]));
    const { rows } = await database.api.query<{ id: string; status: string }>(
      'select id, status from delivery where owner_id = $1',
      [ownerId],
    );
    expect(rows.filter(({ id, status }) => replayed.get(id) !== status)).toEqual([]);
  },
});

/** Waits until the condition holds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
