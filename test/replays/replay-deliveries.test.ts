import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RequestError } from '../../src/errors.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { claimJob } from '../../src/replays/held-job.ts';
import { gatherItems, type HeldJob, replayNextItems } from '../../src/replays/replay-steps.ts';
import { type Acts, openActs } from '../deliveries/acts.ts';
import { deliveryId, seedFailed } from '../deliveries/finished.ts';
import { ledgerOf, until } from '../deliveries/ledger.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

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
  replayDeliveries(input: { filter: $filter, idempotencyKey: $key }) {
    __typename
    ... on ReplayDeliveriesPayload { job { id status matched replayed skipped completedAt } }
    ... on ValidationError { issues { path code } }
    ... on IdempotencyError { code }
  } }`;
const progress = `subscription ($id: ID!) {
  replayJobProgress(id: $id) { status matched replayed skipped completedAt } }`;

type Progress = { status: string; matched: number; replayed: number; skipped: number };

async function begin(ownerId: string, filter: Record<string, unknown> = {}): Promise<string> {
  const { job } = await acts.answer({ ownerId }, start, { filter });
  return (job as { id: string }).id;
}

/** Every message until the stream ends. */
async function watch(ownerId: string, id: string): Promise<Progress[]> {
  const messages: Progress[] = [];
  for await (const { data, errors } of await acts.follow({ ownerId }, progress, { id })) {
    if (errors !== undefined) throw errors[0]?.originalError;
    messages.push(data?.replayJobProgress as Progress);
  }
  return messages;
}

async function run(ownerId: string, filter?: Record<string, unknown>): Promise<Progress | undefined> {
  const id = await begin(ownerId, filter);
  acts.runner.start();
  return (await watch(ownerId, id)).at(-1);
}

test('a runner that lost its job to another changes nothing any more', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count: 10 });
  await begin(ownerId);
  const db = acts.database.query;
  const zombie = await claimJob<HeldJob>(db, 'replay_job', 0);
  const heir = await claimJob<HeldJob>(db, 'replay_job', 60_000);
  if (zombie === undefined || heir === undefined) throw new Error('no job');
  const rules = { retrySchedule: [0], requireVerification: true };
  expect(await gatherItems(db, zombie, { rows: 100, leaseMs: 1_000 })).toBe('LOST');
  while (heir.cursor_status !== null) await gatherItems(db, heir, { rows: 100, leaseMs: 60_000 });
  zombie.cursor_status = null;
  expect(await replayNextItems(acts.database, zombie, { items: 5, leaseMs: 0, rules })).toBe('LOST');
  expect(await ledger.count('delivery', `kind = 'REPLAY'`)).toBe(0);
  expect(await replayNextItems(acts.database, heir, { items: 50, leaseMs: 0, rules })).toBe('MORE');
  expect(await replayNextItems(acts.database, heir, { items: 50, leaseMs: 0, rules })).toBe('DONE');
  expect(await ledger.count('delivery', `kind = 'REPLAY'`)).toBe(10);
});

test('a filter by what was answered replays those alone', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count: 5 });
  await acts.database.api.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at, response_status, error)
     select owner_id, id, 90, 'HTTP_ERROR', now(), 503, 'Only this one.' from delivery
      where owner_id = $1 order by id limit 1`,
    [ownerId],
  );
  const filter = { responseStatus: [503], errorContains: 'only THIS' };
  expect(await run(ownerId, filter)).toMatchObject({ status: 'COMPLETED', matched: 1, replayed: 1 });
  expect(await ledger.count('delivery', `kind = 'REPLAY'`)).toBe(1);
});

test('after a kill -9 the next runner goes on: exactly one fresh row for each match', async () => {
  const count = 4_000;
  const { ownerId, endpointId, ledger } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count });
  const id = await begin(ownerId);
  const path = fileURLToPath(new URL('replay-runner-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, acts.url], { stdio: 'inherit' });
  await until(async () => (await ledger.count('replay_job', 'replayed > 0')) === 1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const before = await ledger.count('delivery', `kind = 'REPLAY'`);
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(count);

  await acts.database.api.query('update replay_job set lease_until = now() where owner_id = $1', [ownerId]);
  acts.runner.start();
  acts.runner.wake();
  const messages = await watch(ownerId, id);
  expect(messages.at(-1)).toMatchObject({ status: 'COMPLETED', matched: count, replayed: count, skipped: 0 });
  expect(
    await ledger.rows(
      `select count(*)::int as fresh, count(distinct replay_of)::int as originals
       from delivery where owner_id = $1 and kind = 'REPLAY'`,
    ),
  ).toEqual([{ fresh: count, originals: count }]);
  expect(await ledger.count('replay_job_item')).toBe(0);
  expect(await ledger.count('delivery', `replayed_at is not null`)).toBe(count);
  expect(await ledger.audit()).toEqual(['replay_job.create']);
  await ledger.expectDenseLog();
});

test('only what failed, matches, and was not replayed yet is replayed', async () => {
  const { ownerId, endpointId, otherId, ledger } = await seed(2);
  const failed = await seedFailed(acts.database, { ownerId, endpointId, count: 5 });
  await acts.database.api.query(
    `update delivery set status = 'DEAD_LETTER', failure_reason = 'RETRIES_EXHAUSTED' where id = $1`,
    [failed[4]?.id],
  );
  await seedFailed(acts.database, { ownerId, endpointId: otherId, count: 3 });
  await seedFailed(acts.database, { ownerId, endpointId, count: 2, kind: 'TEST' });
  await seedDeliveries(acts.database, ownerId, endpointId, 2);
  const filter = { endpointId: [encodeId('Endpoint', endpointId)] };
  expect(await run(ownerId, { ...filter, status: ['DEAD_LETTER'] })).toMatchObject({
    matched: 1,
    replayed: 1,
  });
  expect(await run(ownerId, { ...filter, id: failed.map(deliveryId) })).toMatchObject({
    matched: 4,
    replayed: 4,
  });
  expect(await run(ownerId, filter)).toMatchObject({ status: 'COMPLETED', matched: 0, replayed: 0 });
  expect(await run(ownerId, { ...filter, isReplayed: true })).toMatchObject({ matched: 5, replayed: 5 });
  expect(await run(ownerId, { status: ['SUCCEEDED'] })).toMatchObject({ status: 'COMPLETED', matched: 0 });
  expect(await ledger.count('delivery', `kind = 'REPLAY'`)).toBe(10);
});

test('what it makes itself is never found by it, though an inactive endpoint fails it at once', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count: 1_200 });
  await acts.database.api.query('update endpoint set is_active = false where id = $1', [endpointId]);
  expect(await run(ownerId)).toMatchObject({ matched: 1_200, replayed: 1_200 });
  expect(await ledger.count('delivery', `kind = 'REPLAY' and failure_reason = 'ENDPOINT_INACTIVE'`)).toBe(
    1_200,
  );
  await ledger.expectDenseLog();
});

test('what cannot be replayed any more is counted as skipped', async () => {
  const { ownerId, endpointId, otherId } = await seed(2);
  const [gone] = await seedFailed(acts.database, { ownerId, endpointId, count: 4 });
  await seedFailed(acts.database, { ownerId, endpointId: otherId, count: 2 });
  await acts.runner.stop();
  const id = await begin(ownerId);
  const db = acts.database.query;
  const job = await claimJob<HeldJob>(db, 'replay_job', 0);
  if (job === undefined) throw new Error('no job');
  while (job.cursor_status !== null) await gatherItems(db, job, { rows: 3, leaseMs: 0 });
  await acts.database.api.query('delete from event where id = $1', [gone?.eventId]);
  await acts.database.api.query('update endpoint set deleted_at = now() where id = $1', [otherId]);
  const step = { items: 2, leaseMs: 0, rules: { retrySchedule: [0], requireVerification: true } };
  while ((await replayNextItems(acts.database, job, step)) === 'MORE');
  expect((await watch(ownerId, id)).at(-1)).toMatchObject({
    status: 'COMPLETED',
    matched: 6,
    replayed: 3,
    skipped: 3,
  });
});

test('an empty window is a ValidationError, and nothing is stored', async () => {
  const { ownerId, ledger } = await seed();
  const filter = { createdAfter: '2026-01-02T00:00:00Z', createdBefore: '2026-01-01T00:00:00Z' };
  expect(await acts.answer({ ownerId }, start, { filter })).toEqual({
    __typename: 'ValidationError',
    issues: [{ path: ['filter', 'createdBefore'], code: 'EMPTY_WINDOW' }],
  });
  expect(await ledger.count('replay_job')).toBe(0);
  expect(await ledger.audit()).toEqual([]);
});

test('one key is one job, and a stranger finds neither it nor its progress', async () => {
  const { ownerId, ledger } = await seed();
  const variables = { filter: { kind: ['EVENT'] }, key: 'bulk' };
  const first = await acts.answer({ ownerId }, start, variables);
  const again = await acts.answer({ ownerId }, start, variables);
  const { id } = first.job as { id: string };
  expect(again.job).toMatchObject({ id });
  expect(await ledger.count('replay_job')).toBe(1);
  expect(await acts.answer({ ownerId }, start, { ...variables, filter: {} })).toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
  });
  const read = `query ($id: ID!) { replayJob(id: $id) { id } }`;
  expect(await acts.answer({ ownerId }, read, { id })).toEqual({ id });
  const stranger = await seed();
  expect(await acts.answer({ ownerId: stranger.ownerId }, read, { id })).toBeNull();
  await expect(acts.follow({ ownerId: stranger.ownerId }, progress, { id })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(watch(ownerId, encodeId('ReplayJob', mintUuid()))).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('progress ends with the error of a credential that was revoked, and when the client leaves', async () => {
  const { ownerId } = await seed();
  await acts.runner.stop();
  const id = await begin(ownerId);
  const grant = new AbortController();
  const stream = await acts.follow({ ownerId, grantSignal: grant.signal }, progress, { id });
  expect((await stream.next()).value).toMatchObject({ data: { replayJobProgress: { status: 'RUNNING' } } });
  const message = stream.next();
  const reason = new RequestError('UNAUTHENTICATED', 'The credential was revoked.');
  grant.abort(reason);
  expect((await message).value).toMatchObject({ errors: [{ originalError: reason }] });
  const other = await acts.follow({ ownerId }, progress, { id });
  await other.next();
  const waiting = other.next();
  await other.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
});
