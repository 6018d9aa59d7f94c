import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../../src/access/actor.ts';
import { createCancelJob, type HeldCancelJob } from '../../src/cancels/cancel-job.ts';
import { cancelNext } from '../../src/cancels/cancel-next.ts';
import { encodeId } from '../../src/ids.ts';
import { claimJob } from '../../src/replays/held-job.ts';
import { type Acts, openActs } from '../deliveries/acts.ts';
import { deliveryId, seedFailed } from '../deliveries/finished.ts';
import { ledgerOf } from '../deliveries/ledger.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { limitsWith } from '../support/limits.ts';

const somebody = { actor: systemActor, requestId: undefined };
let acts: Acts;
beforeAll(async () => {
  acts = await openActs();
});
afterAll(() => acts.close());

async function seed(endpoints = 1) {
  const { ownerId, endpointIds } = await seedOwner(acts.database, { endpoints });
  const [endpointId = '', otherId = ''] = endpointIds;
  return { ownerId, endpointId, otherId, ledger: ledgerOf(acts.database, ownerId) };
}

const start = `mutation ($filter: DeliveryFilter!, $key: String) {
  cancelDeliveries(input: { filter: $filter, idempotencyKey: $key }) {
    __typename
    ... on CancelDeliveriesPayload { job { id status matched cancelled skipped completedAt } }
    ... on ValidationError { issues { path code } }
    ... on IdempotencyError { code }
  } }`;
const progress = `subscription ($id: ID!) {
  cancelJobProgress(id: $id) { status matched cancelled skipped completedAt } }`;

async function begin(ownerId: string, filter: Record<string, unknown> = {}): Promise<string> {
  const { job } = await acts.answer({ ownerId }, start, { filter });
  return (job as { id: string }).id;
}

/** The last message of the job's progress. */
async function end(ownerId: string, id: string): Promise<unknown> {
  let last: unknown;
  for await (const { data, errors } of await acts.follow({ ownerId }, progress, { id })) {
    if (errors !== undefined) throw errors[0]?.originalError;
    last = data?.cancelJobProgress;
  }
  return last;
}

async function run(ownerId: string, filter?: Record<string, unknown>): Promise<unknown> {
  const id = await begin(ownerId, filter);
  acts.cancelRunner.start();
  acts.cancelRunner.wake();
  return end(ownerId, id);
}

test('only what waits and matches is cancelled, each exactly once and in the log', async () => {
  const { ownerId, endpointId, otherId, ledger } = await seed(2);
  const waiting = await seedDeliveries(acts.database, ownerId, endpointId, 1_200);
  await seedDeliveries(acts.database, ownerId, otherId, 3);
  await seedFailed(acts.database, { ownerId, endpointId, count: 2 });
  const filter = { endpointId: [encodeId('Endpoint', endpointId)] };
  expect(await run(ownerId, { ...filter, id: waiting.slice(0, 2).map(deliveryId) })).toMatchObject({
    ...{ status: 'COMPLETED', matched: 2, cancelled: 2, skipped: 0 },
  });
  expect(await run(ownerId, { ...filter, status: ['FAILED', 'RETRYING'] })).toMatchObject({ matched: 0 });
  expect(await run(ownerId, filter)).toMatchObject({ matched: 1_198, cancelled: 1_198, skipped: 0 });
  expect(await ledger.count('delivery', `failure_reason = 'CANCELLED' and status = 'FAILED'`)).toBe(1_200);
  expect(await ledger.count('due')).toBe(3);
  expect(
    await ledger.rows('select sum(failed)::int as failed from endpoint_stat where owner_id = $1'),
  ).toEqual([{ failed: 1_202 }]);
  expect(await ledger.audit()).toEqual(['cancel_job.create', 'cancel_job.create', 'cancel_job.create']);
  await ledger.expectDenseLog();
});

test('what is being sent, was purged, or came after the call is left as it is', async () => {
  const { ownerId, endpointId, otherId, ledger } = await seed(2);
  const [purged] = await seedDeliveries(acts.database, ownerId, otherId, 1);
  await acts.database.api.query('update endpoint set purged_through = $2 where id = $1', [
    otherId,
    purged?.id,
  ]);
  await seedDeliveries(acts.database, ownerId, endpointId, 2);
  await claimAll(acts.database, ownerId, 1_000_000);
  await seedDeliveries(acts.database, ownerId, endpointId, 4);
  await acts.cancelRunner.stop();
  const id = await acts.database.query
    .transaction()
    .execute((trx) => createCancelJob(trx, { ownerId, filter: {}, by: somebody, limits: limitsWith() }));
  await seedDeliveries(acts.database, ownerId, endpointId, 5);
  const job = await claimJob<HeldCancelJob>(acts.database.query, 'cancel_job', 60_000);
  if (job?.id !== id) throw new Error('not this job');
  while ((await cancelNext(acts.database, job, { rows: 2, leaseMs: 60_000 })) === 'MORE');
  expect(await end(ownerId, encodeId('CancelJob', id))).toMatchObject({
    ...{ status: 'COMPLETED', matched: 6, cancelled: 4, skipped: 2 },
  });
  expect(await ledger.count('due')).toBe(8);
  await ledger.expectDenseLog();
});

test('a runner that lost its job to another changes nothing any more', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  await seedDeliveries(acts.database, ownerId, endpointId, 3);
  const db = acts.database.query;
  await db
    .transaction()
    .execute((trx) => createCancelJob(trx, { ownerId, filter: {}, by: somebody, limits: limitsWith() }));
  const zombie = await claimJob<HeldCancelJob>(db, 'cancel_job', 0);
  const heir = await claimJob<HeldCancelJob>(db, 'cancel_job', 60_000);
  if (zombie === undefined || heir === undefined) throw new Error('no job');
  expect(await cancelNext(acts.database, zombie, { rows: 10, leaseMs: 0 })).toBe('LOST');
  expect(await ledger.count('due')).toBe(3);
  expect(await cancelNext(acts.database, heir, { rows: 10, leaseMs: 0 })).toBe('DONE');
  expect(await cancelNext(acts.database, heir, { rows: 10, leaseMs: 0 })).toBe('LOST');
  expect(await ledger.count('due')).toBe(0);
});

test('an empty window is a ValidationError; one key is one job, and a stranger finds neither it nor its progress', async () => {
  const { ownerId, ledger } = await seed();
  const window = { createdAfter: '2026-01-02T00:00:00Z', createdBefore: '2026-01-01T00:00:00Z' };
  expect(await acts.answer({ ownerId }, start, { filter: window })).toEqual({
    __typename: 'ValidationError',
    issues: [{ path: ['filter', 'createdBefore'], code: 'EMPTY_WINDOW' }],
  });
  expect(await ledger.count('cancel_job')).toBe(0);
  const variables = { filter: { kind: ['EVENT'] }, key: 'bulk' };
  const first = await acts.answer({ ownerId }, start, variables);
  const again = await acts.answer({ ownerId }, start, variables);
  const { id } = first.job as { id: string };
  expect(again.job).toMatchObject({ id });
  expect(await ledger.count('cancel_job')).toBe(1);
  const read = `query ($id: ID!) { cancelJob(id: $id) { id } }`;
  expect(await acts.answer({ ownerId }, read, { id })).toEqual({ id });
  const stranger = await seed();
  expect(await acts.answer({ ownerId: stranger.ownerId }, read, { id })).toBeNull();
  await expect(acts.follow({ ownerId: stranger.ownerId }, progress, { id })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
