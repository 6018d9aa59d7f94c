import type { PartitionedTable } from '../db/partitions.ts';

/** The large tables. An attempt is in the partition of its delivery's day, so that both are dropped together. */
export const partitionedTables = [
  { table: 'event', column: 'id', by: 'uuid' },
  // Room for new versions of rows on their own page, so that a change of status writes no index.
  { table: 'delivery', column: 'id', by: 'uuid', fillfactor: 75 },
  { table: 'attempt', column: 'delivery_id', by: 'uuid' },
  { table: 'delivery_log', column: 'occurred_at', by: 'time' },
] as const satisfies readonly PartitionedTable[];
