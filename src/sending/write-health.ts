import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { Health } from './circuit.ts';

const writeStatement = statement(
  'write_health',
  `insert into endpoint_health as h
     (owner_id, endpoint_id, circuit, consecutive_failures, opened_at, next_probe_at, failing_since, spread_failures,
      spread_failure_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
   on conflict (owner_id, endpoint_id) do update set
     circuit = excluded.circuit, consecutive_failures = excluded.consecutive_failures,
     opened_at = excluded.opened_at, next_probe_at = excluded.next_probe_at,
     failing_since = excluded.failing_since, spread_failures = excluded.spread_failures,
     spread_failure_at = excluded.spread_failure_at, updated_at = now()`,
);

export async function writeHealth(
  db: Database,
  endpoint: { ownerId: string; endpointId: string },
  health: Health,
): Promise<void> {
  await run(db, db.engine, writeStatement, [
    endpoint.ownerId,
    endpoint.endpointId,
    health.circuit,
    health.consecutiveFailures,
    health.openedAt ?? null,
    health.nextProbeAt ?? null,
    health.failingSince ?? null,
    health.spreadFailures,
    health.spreadFailureAt ?? null,
  ]);
}
