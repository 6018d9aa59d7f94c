import { afterAll, beforeAll, expect, test } from 'vitest';
import { directClient } from '../../src/db/direct-client.ts';
import { isTransient } from '../../src/db/retry.ts';
import { apply } from '../../src/status/apply.ts';
import type { Change } from '../../src/status/change.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('a settle that finds its delivery written by a migration meanwhile is to be repeated, not refused', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [delivery] = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 1);
  await claimAll(db.database, ownerId, 7);
  const change: Change = {
    ...{ ownerId, deliveryId: delivery?.id ?? '', claim: 7, attemptRows: 0 },
    to: { kind: 'end', status: 'FAILED', reason: 'CANCELLED' },
  } as Change;
  const other = directClient(db.url);
  await other.connect();
  await other.query('begin');
  await other.query('update delivery set updated_at = updated_at where owner_id = $1', [ownerId]);
  const settled = apply(db.database, [change]).then(
    (applied) => applied.length,
    (error: unknown) => error,
  );
  const waits = async () =>
    (
      await db.database.api.query(
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%heliograph_apply%'",
      )
    ).rows.length > 0;
  while (!(await waits()));
  await other.query('commit');
  await other.end();
  const outcome = await settled;
  expect(outcome === 1 || isTransient(outcome), String(outcome)).toBe(true);
});
