import type { Database } from '../db/pool.ts';

const rowsPerDelete = 5_000;

/**
 * Deletes the rows that meet the condition from a small table without partitions, a few thousand rows per statement.
 * Returns how many rows were deleted. `table` and `condition` are put into the SQL, so they must never come from a
 * caller.
 */
export async function deleteOld(
  { api: pool, layout }: Pick<Database, 'api' | 'layout'>,
  table: string,
  condition: string,
): Promise<number> {
  if (!layout.deletesInSteps) {
    return (await pool.query(layout.rewritten(`delete from ${table} where ${condition}`))).rowCount ?? 0;
  }
  let total = 0;
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit ${rowsPerDelete}))`,
    );
    total += rowCount ?? 0;
    if ((rowCount ?? 0) < rowsPerDelete) return total;
  }
}
