import { afterAll, beforeAll, expect, test } from 'vitest';
import { apply } from '../../src/status/apply.ts';
import type { AttemptRecord, Change } from '../../src/status/change.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const odd = [
  { name: 'x-odd', value: 'a "b" \\c\u001e, {d} \u0000\ud800 \'e\'' },
  { name: 'x-empty', value: '' },
];
const success: AttemptRecord = {
  outcome: 'SUCCEEDED',
  counts: true,
  startedAt: new Date('2026-03-04T05:06:07.089Z'),
  durationMs: 12.5,
  responseStatus: 204,
  responseBody: undefined,
  responseHeaders: undefined,
  requestHeaders: undefined,
  error: undefined,
};

async function rowsOf(ownerIds: readonly string[]) {
  const { rows } = await db.database.api.query(
    `select d.endpoint_id is not null as known, d.status, d.failure_reason, d.attempt_count, d.next_attempt_at is null as is_last,
            d.completed_at is not null as ended, a.number, a.outcome, a.started_at, a.duration_ms, a.response_status,
            a.response_body, a.response_headers, a.request_headers, a.error, a.reconnected, l.position, l.status as logged,
            l.previous_status, l.failure_reason as log_reason, l.attempt_number, l.response_status as log_answer,
            exists (select from due where due.owner_id = d.owner_id and due.delivery_id = d.id) as due
       from delivery d
       left join attempt a on a.owner_id = d.owner_id and a.delivery_id = d.id
       left join delivery_log l on l.owner_id = d.owner_id and l.delivery_id = d.id and l.previous_status is not null
      where d.owner_id = any($1) order by d.owner_id, d.id`,
    [ownerIds],
  );
  return rows;
}

/** Two owners with three claimed deliveries each, and their changes: the third of each owner is fenced. */
async function seedChanges(attempts: readonly AttemptRecord[]): Promise<Change[]> {
  const changes: Change[] = [];
  for (const claim of [7, 9]) {
    const { ownerId, endpointIds } = await seedOwner(db.database);
    const deliveries = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 3);
    await claimAll(db.database, ownerId, claim);
    for (const [index, { id }] of deliveries.entries())
      changes.push({
        ...{ ownerId, deliveryId: id, claim: index === 2 ? claim - 1 : claim, attemptRows: 0 },
        ...{ to: { kind: 'end', status: 'SUCCEEDED', reason: undefined } },
        attempt: attempts[index] ?? success,
      });
  }
  return changes;
}

const idsOf = (changes: readonly { deliveryId: string }[]) =>
  changes.map(({ deliveryId }) => deliveryId).sort();

test('the statement for first successes stores the same as that for all changes, and fences the same', async () => {
  const attempts = [
    {
      ...success,
      responseBody: 'said "yes" \\ {no}\u0000',
      responseHeaders: odd,
      requestHeaders: odd,
      reconnected: true,
    },
    { ...success, durationMs: undefined, responseHeaders: [] },
  ];
  const [alone, mixed] = [await seedChanges(attempts), await seedChanges(attempts)];
  const [other] = await seedChanges([]);
  if (other === undefined) throw new Error('Nothing was made.');
  const applied = await apply(db.database, alone);
  expect(idsOf(applied.map(({ delivery_id }) => ({ deliveryId: delivery_id })))).toEqual(
    idsOf(alone.filter((_, index) => index % 3 !== 2)),
  );
  expect(applied.every(({ due_at }) => due_at === null)).toBe(true);
  // One change of another kind, and all of them are applied by the statement for all.
  await apply(db.database, [...mixed, { ...other, attempt: undefined, to: { kind: 'retry', delayMs: 0 } }]);
  const stored = await rowsOf(alone.map(({ ownerId }) => ownerId));
  expect(stored).toHaveLength(6);
  expect(stored.filter(({ due }) => due === false)).toHaveLength(4);
  expect(stored).toEqual(await rowsOf(mixed.map(({ ownerId }) => ownerId)));
  expect(await apply(db.database, alone), 'a repetition changes nothing').toEqual([]);
});

test('a delivery whose row is missing is refused, and stays due', async () => {
  const [change] = await seedChanges([]);
  if (change === undefined) throw new Error('Nothing was made.');
  await db.database.api.query('delete from delivery where owner_id = $1 and id = $2', [
    change.ownerId,
    change.deliveryId,
  ]);
  await expect(apply(db.database, [change])).rejects.toThrow('deliveries are missing');
  const { rows } = await db.database.api.query('select from due where owner_id = $1 and delivery_id = $2', [
    change.ownerId,
    change.deliveryId,
  ]);
  expect(rows).toHaveLength(1);
});

test('a batch of many owners compares no owner with each of the others', async () => {
  const owners = 40;
  const changes: Change[] = [];
  for (let made = 0; made < owners; made += 1) {
    const { ownerId, endpointIds } = await seedOwner(db.database);
    const [delivery] = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 1);
    await claimAll(db.database, ownerId, 7);
    changes.push({
      ...{ ownerId, deliveryId: delivery?.id ?? '', claim: 7, attemptRows: 0 },
      ...{ to: { kind: 'end', status: 'SUCCEEDED', reason: undefined }, attempt: success },
    });
  }
  const asked: { text: string; values: unknown[] }[] = [];
  const engine = {
    async query({ text, values }: { text: string; values: unknown[] }) {
      asked.push({ text, values });
      return { rows: [] };
    },
  };
  const others = changes.map((change) => ({ ...change, attempt: { ...success, error: 'late' } }));
  for (const batch of [changes, others]) await apply(Object.assign({}, db.database, { engine }), batch);
  expect(asked).toHaveLength(2);
  const connection = await db.database.api.connect();
  for (const { text, values } of asked) {
    await connection.query('begin');
    const { rows } = await connection.query<{ 'QUERY PLAN': string }>(`explain (analyze) ${text}`, values);
    await connection.query('rollback');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('Insert on delivery_log');
    const compared = [...plan.matchAll(/Rows Removed by Join Filter: (\d+)/g)].map(([, rows]) =>
      Number(rows),
    );
    expect(Math.max(0, ...compared)).toBeLessThanOrEqual(owners);
  }
  connection.release();
});
