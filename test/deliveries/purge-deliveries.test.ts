import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteEndpoint } from '../../src/endpoints/delete-endpoint.ts';
import { encodeId } from '../../src/ids.ts';
import { apply } from '../../src/status/apply.ts';
import { endQueued } from '../../src/status/end-queued.ts';
import { by } from '../endpoints/room.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedSecret } from '../support/worker.ts';
import { type Acts, openActs } from './acts.ts';
import { deliveryId, seedFailed } from './finished.ts';
import { ledgerOf, until } from './ledger.ts';

let acts: Acts;
beforeAll(async () => {
  acts = await openActs();
  acts.purger.start();
});
afterAll(() => acts.close());

async function seed(url?: string) {
  const { ownerId, endpointIds } = await seedOwner(acts.database, {
    endpoints: 2,
    ...(url !== undefined && { url }),
  });
  const [endpointId = '', otherId = ''] = endpointIds;
  return { ownerId, endpointId, otherId, ledger: ledgerOf(acts.database, ownerId) };
}

const purge = `mutation ($id: ID!) { purgeDeliveries(input: { endpointId: $id }) {
  __typename
  ... on PurgeDeliveriesPayload { purgedCount endpoint { id deliveries { nodes { id } } } }
  ... on NotFoundError { missingId }
} }`;
const purgeOf = (ownerId: string, endpointId: string) =>
  acts.answer({ ownerId }, purge, { id: encodeId('Endpoint', endpointId) });

test('everything is counted, hidden at once and removed later; the log stays, and other endpoints too', async () => {
  const { ownerId, endpointId, otherId, ledger } = await seed();
  const [old] = await seedFailed(acts.database, { ownerId, endpointId, count: 1_500 });
  await seedFailed(acts.database, { ownerId, endpointId: otherId, count: 3 });
  await seedDeliveries(acts.database, ownerId, endpointId, 20);
  await acts.database.api.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at)
     select owner_id, id, 1, 'TIMEOUT', now() from delivery where owner_id = $1`,
    [ownerId],
  );
  expect(await purgeOf(ownerId, endpointId)).toEqual({
    __typename: 'PurgeDeliveriesPayload',
    purgedCount: 1_520,
    endpoint: { id: encodeId('Endpoint', endpointId), deliveries: { nodes: [] } },
  });
  expect(
    await acts.ask(
      { ownerId },
      `query ($id: ID!) { node(id: $id) { id } delivery(id: $id) { id } deliveryCount { count } }`,
      { id: deliveryId(old) },
    ),
  ).toEqual({ data: { node: null, delivery: null, deliveryCount: { count: 3 } } });
  expect(await ledger.count('due')).toBe(0);
  expect(await ledger.audit()).toEqual(['endpoint.purge']);
  await until(async () => (await ledger.count('delivery')) === 3 && (await ledger.count('attempt')) === 3);
  expect(await ledger.count('delivery_log', `failure_reason = 'CANCELLED'`)).toBe(20);
  await ledger.expectDenseLog();
});

test('a second purge counts only what has come since', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  expect(await purgeOf(ownerId, endpointId)).toMatchObject({ purgedCount: 0 });
  await seedFailed(acts.database, { ownerId, endpointId, count: 7 });
  expect(await purgeOf(ownerId, endpointId)).toMatchObject({ purgedCount: 7 });
  expect(await purgeOf(ownerId, endpointId)).toMatchObject({ purgedCount: 0 });
  const later = await seedFailed(acts.database, { ownerId, endpointId, count: 2 });
  expect(await purgeOf(ownerId, endpointId)).toMatchObject({ purgedCount: 2 });
  const [kept] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  await until(async () => (await ledger.count('delivery')) === 1);
  expect(await ledger.rows('select id from delivery where owner_id = $1')).toEqual([{ id: kept?.id }]);
  expect(later).toHaveLength(2);
});

test('two purges at once count each delivery once', async () => {
  const { ownerId, endpointId } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count: 500 });
  const answers = await Promise.all([1, 2, 3].map(() => purgeOf(ownerId, endpointId)));
  expect(answers.reduce((sum, { purgedCount }) => sum + Number(purgedCount), 0)).toBe(500);
});

test('under settles that run beside it the log stays dense, and its replay gives each status', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const deliveries = await seedDeliveries(acts.database, ownerId, endpointId, 1_500);
  await claimAll(acts.database, ownerId, 3);
  const settle = async (from: number) => {
    let applied = 0;
    for (let at = from; at < deliveries.length; at += 150) {
      const part = deliveries.slice(at, at + 50);
      applied += (
        await apply(
          acts.database,
          part.map(({ id }) => ({
            ownerId,
            ...{ deliveryId: id, claim: 3, attemptRows: 0 },
            to: { kind: 'end', status: 'SUCCEEDED', reason: undefined },
            attempt: undefined,
          })),
        )
      ).length;
    }
    return applied;
  };
  const [answer, ...settled] = await Promise.all([
    purgeOf(ownerId, endpointId),
    ...[0, 50, 100].map(settle),
    seedFailed(acts.database, { ownerId, endpointId, count: 200 }).then(() => 0),
  ]);
  const succeeded = settled.reduce((sum, n) => sum + n, 0);
  expect(Number(answer.purgedCount)).toBeGreaterThanOrEqual(1_500);
  expect(await ledger.count('delivery_log', `status = 'SUCCEEDED'`)).toBe(succeeded);
  expect(await ledger.count('delivery_log', `failure_reason = 'CANCELLED'`)).toBe(1_500 - succeeded);
  expect(await ledger.count('due')).toBe(0);
  await ledger.expectDenseLog();
  await until(async () => (await ledger.count('delivery')) === 1_700 - Number(answer.purgedCount));
  await ledger.expectDenseLog();
});

test('nothing that was queued is sent after the answer', async () => {
  const receiver = await startReceiver();
  const { ownerId, endpointId, ledger } = await seed(receiver.url);
  await seedSecret(acts, ownerId, endpointId);
  await seedDeliveries(acts.database, ownerId, endpointId, 400);
  await purgeOf(ownerId, endpointId);
  const worker = createWorker(acts);
  worker.start();
  const [after] = await seedDeliveries(acts.database, ownerId, endpointId, 1);
  await receiver.until(1);
  await until(async () => (await ledger.count('due')) === 0);
  await worker.stop(1_000);
  await receiver.close();
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
    encodeId('Event', after?.eventId ?? ''),
  ]);
});

test('what a crash left queued below the watermark is ended and removed in the background', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const deliveries = await seedDeliveries(acts.database, ownerId, endpointId, 30);
  await acts.database.api.query('update endpoint set purged_through = $2 where id = $1', [
    endpointId,
    deliveries.at(-1)?.id,
  ]);
  acts.purger.wake();
  await until(async () => (await ledger.count('delivery')) === 0);
  expect(await ledger.count('due')).toBe(0);
  expect(await ledger.count('delivery_log', `failure_reason = 'CANCELLED'`)).toBe(30);
});

test('a deleted endpoint’s history is removed, and the endpoint is done with once it has settled', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count: 1_100 });
  await seedDeliveries(acts.database, ownerId, endpointId, 5);
  await acts.database.api.query(
    `insert into strict_place select owner_id, delivery_id, endpoint_id, 1 from due where endpoint_id = $1`,
    [endpointId],
  );
  await acts.database.query
    .transaction()
    .execute((trx) => deleteEndpoint(trx, { ownerId, id: endpointId, by }));
  await endQueued(acts.database, { ownerId, endpointId, reason: 'ENDPOINT_DELETED', claimedToo: true });
  await acts.database.api.query(
    `update endpoint set deleted_at = deleted_at - interval '2 minutes' where id = $1`,
    [endpointId],
  );
  acts.purger.wake();
  await until(async () => (await ledger.count('endpoint', 'removed_through = purged_through')) === 1);
  expect(await ledger.count('delivery')).toBe(0);
  expect(await ledger.count('endpoint_stat')).toBe(0);
  expect(await ledger.count('strict_place')).toBe(0);
  expect(await ledger.count('delivery_log', `failure_reason = 'ENDPOINT_DELETED'`)).toBe(5);
  expect(await purgeOf(ownerId, endpointId)).toMatchObject({ __typename: 'NotFoundError' });
});

test('another owner’s endpoint is not found, and nothing of it is purged', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  await seedFailed(acts.database, { ownerId, endpointId, count: 2 });
  const stranger = await seed();
  expect(await purgeOf(stranger.ownerId, endpointId)).toEqual({
    __typename: 'NotFoundError',
    missingId: encodeId('Endpoint', endpointId),
  });
  expect(await ledger.count('delivery')).toBe(2);
});
