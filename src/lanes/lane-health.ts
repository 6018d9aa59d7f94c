import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { Health } from '../sending/circuit.ts';
import type { Lane } from './lane.ts';

type HealthRow = {
  endpoint_id: string;
  max_deliveries_per_second: number | null;
  is_strict: boolean;
  circuit: Health['circuit'] | null;
  consecutive_failures: number | null;
  opened_at: Date | null;
  next_probe_at: Date | null;
  failing_since: Date | null;
  spread_failures: number | null;
  spread_failure_at: Date | null;
  told_failing: boolean | null;
};

const readStatement = statement(
  'read_health',
  `select e.id as endpoint_id, e.max_deliveries_per_second, e.strict_boundary is not null as is_strict, h.circuit, h.consecutive_failures, h.opened_at,
          h.next_probe_at, h.failing_since, h.spread_failures, h.spread_failure_at, h.told_failing
     from unnest($1::uuid[], $2::uuid[]) as x(owner_id, endpoint_id)
     join endpoint e on e.owner_id = x.owner_id and e.id = x.endpoint_id
     left join endpoint_health h on h.owner_id = e.owner_id and h.endpoint_id = e.id`,
  {
    owners: [[1, 2]],
    returns:
      'endpoint_id uuid, max_deliveries_per_second integer, is_strict boolean, circuit text, consecutive_failures integer, opened_at timestamptz, next_probe_at timestamptz, failing_since timestamptz, spread_failures integer, spread_failure_at timestamptz, told_failing boolean',
  },
);

/** Reads what a lane must know before its first claim: its rate, and the circuit as the last holder left it. */
export async function loadLanes(db: Database, lanes: readonly Lane[]): Promise<void> {
  const rows = await run<HealthRow>(db, db.engine, readStatement, [
    lanes.map(({ ownerId }) => ownerId),
    lanes.map(({ endpointId }) => endpointId),
  ]);
  const found = new Map(rows.map((row) => [row.endpoint_id, row]));
  const now = databaseNow();
  for (const lane of lanes) {
    // A probe was sent meanwhile, so what was read is older than what the probe will tell.
    if (lane.isLoaded && lane.inFlight > 0) continue;
    const row = found.get(lane.endpointId);
    lane.maxPerSecond = row?.max_deliveries_per_second ?? undefined;
    lane.isStrict = row?.is_strict === true;
    lane.isToldFailing = row?.told_failing === true;
    lane.health = {
      circuit: row?.circuit ?? 'CLOSED',
      consecutiveFailures: row?.consecutive_failures ?? 0,
      openedAt: row?.opened_at ?? undefined,
      nextProbeAt: row?.next_probe_at ?? undefined,
      failingSince: row?.failing_since ?? undefined,
      spreadFailures: row?.spread_failures ?? 0,
      spreadFailureAt: row?.spread_failure_at ?? undefined,
    };
    if (!lane.isLoaded) lane.assumeSpent(now);
    lane.isLoaded = true;
  }
}
