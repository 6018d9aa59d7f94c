import type pg from 'pg';

const rowsPerDelete = 5_000;

/**
 * Deletes what meets the condition from a small table that is no partition, a few thousand rows a statement. Returns
 * how many rows. Both texts are ours, never a caller's.
 */
export async function deleteOld(pool: pg.Pool, table: string, condition: string): Promise<number> {
  let total = 0;
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit ${rowsPerDelete}))`,
    );
    total += rowCount ?? 0;
    if ((rowCount ?? 0) < rowsPerDelete) return total;
  }
}
