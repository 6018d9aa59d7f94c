import type { PartitionedTable } from '../db/partitions.ts';

/** The large tables. An attempt is in the partition of its delivery's day, so that both are dropped together. */
export const partitionedTables = [
  { table: 'event', column: 'id', by: 'uuid' },
  { table: 'delivery', column: 'id', by: 'uuid' },
  { table: 'attempt', column: 'delivery_id', by: 'uuid' },
  { table: 'delivery_log', column: 'occurred_at', by: 'time' },
] as const satisfies readonly PartitionedTable[];
