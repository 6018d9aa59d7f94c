import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { type Acts, openActs } from '../deliveries/acts.ts';
import { deliveryId, seedFailed } from '../deliveries/finished.ts';
import { ledgerOf, until } from '../deliveries/ledger.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedSecret } from '../support/worker.ts';

let acts: Acts;
beforeAll(async () => {
  acts = await openActs();
});
afterAll(() => acts.close());

async function seed(url?: string) {
  const { ownerId, endpointIds } = await seedOwner(acts.database, { ...(url !== undefined && { url }) });
  const [endpointId = ''] = endpointIds;
  return { ownerId, endpointId, ledger: ledgerOf(acts.database, ownerId) };
}

const replay = `mutation ($id: ID!, $key: String) {
  replayDelivery(input: { id: $id, idempotencyKey: $key }) {
    __typename
    ... on ReplayDeliveryPayload {
      delivery { id kind status failureReason attemptCount eventType event { id } replayOf { id status } }
    }
    ... on NotReplayableError { status message }
    ... on NotFoundError { missingId }
    ... on IdempotencyError { code }
  } }`;

test('a replay is a fresh delivery of the same event, sent under the same webhook-id', async () => {
  const receiver = await startReceiver();
  const { ownerId, endpointId, ledger } = await seed(receiver.url);
  await seedSecret(acts, ownerId, endpointId);
  const [original] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  const answer = await acts.answer({ ownerId }, replay, { id: deliveryId(original) });
  expect(answer).toMatchObject({
    __typename: 'ReplayDeliveryPayload',
    delivery: {
      kind: 'REPLAY',
      status: 'PENDING',
      failureReason: null,
      attemptCount: 0,
      eventType: 'order.paid',
      event: { id: encodeId('Event', original?.eventId ?? '') },
      replayOf: { id: deliveryId(original), status: 'FAILED' },
    },
  });
  const worker = createWorker(acts);
  worker.start();
  await receiver.until(1);
  await until(async () => (await ledger.count('delivery', `status = 'SUCCEEDED'`)) === 1);
  await worker.stop(1_000);
  await receiver.close();
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
    encodeId('Event', original?.eventId ?? ''),
  ]);
  expect(
    await ledger.rows(
      'select replayed_at is not null as r, status from delivery where owner_id = $1 order by id',
    ),
  ).toEqual([
    { r: true, status: 'FAILED' },
    { r: false, status: 'SUCCEEDED' },
  ]);
  expect(await ledger.audit()).toEqual(['delivery.replay']);
  await ledger.expectDenseLog();
});

test('200 replays at once with one key are one row and one audit entry', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const [original] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  const variables = { id: deliveryId(original), key: 'once' };
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => acts.answer({ ownerId }, replay, variables)),
  );
  const given = answers.flatMap(({ delivery }) => (delivery === undefined ? [] : [JSON.stringify(delivery)]));
  expect(given.length).toBeGreaterThan(0);
  expect(new Set(given).size).toBe(1);
  expect(new Set(answers.flatMap(({ code }) => code ?? []))).toEqual(
    given.length === 200 ? new Set() : new Set(['IDEMPOTENCY_KEY_IN_PROGRESS']),
  );
  expect(await ledger.count('delivery', `kind = 'REPLAY'`)).toBe(1);
  expect(await ledger.audit()).toEqual(['delivery.replay']);
  expect(JSON.stringify((await acts.answer({ ownerId }, replay, variables)).delivery)).toBe(given[0]);
  const [other] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  expect(await acts.answer({ ownerId }, replay, { ...variables, id: deliveryId(other) })).toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
  });
});

test('without a key two replays are two acts', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const [original] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  await Promise.all([1, 2].map(() => acts.answer({ ownerId }, replay, { id: deliveryId(original) })));
  expect(await ledger.count('delivery', `kind = 'REPLAY'`)).toBe(2);
  await ledger.expectDenseLog();
});

test('what is on its way or has succeeded is refused with its status, and nothing is changed', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const deliveries = await seedDeliveries(acts.database, ownerId, endpointId, 4);
  for (const [index, status] of ['PENDING', 'DELIVERING', 'RETRYING', 'SUCCEEDED'].entries()) {
    const id = deliveries[index]?.id;
    await acts.database.api.query('update delivery set status = $2 where id = $1', [id, status]);
    const answer = await acts.answer({ ownerId }, replay, { id: deliveryId(deliveries[index]) });
    expect(answer).toMatchObject({ __typename: 'NotReplayableError', status });
  }
  expect(await ledger.count('delivery')).toBe(4);
  expect(await ledger.audit()).toEqual([]);
});

test('an event past retention, and a test, are refused with a message that says so', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const [gone] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  await acts.database.api.query('delete from event where id = $1', [gone?.eventId]);
  expect(await acts.answer({ ownerId }, replay, { id: deliveryId(gone) })).toEqual({
    __typename: 'NotReplayableError',
    status: 'FAILED',
    message: 'The event is past retention, so there is nothing left to send.',
  });
  const [test] = await seedFailed(acts.database, { ownerId, endpointId, count: 1, kind: 'TEST' });
  expect(await acts.answer({ ownerId }, replay, { id: deliveryId(test) })).toMatchObject({
    __typename: 'NotReplayableError',
    message: 'A test cannot be replayed. Call `testEndpoint` to send another one.',
  });
  expect(await ledger.audit()).toEqual([]);
});

test('a foreign, a missing and a malformed id have the same answer', async () => {
  const { ownerId, endpointId } = await seed();
  const stranger = await seed();
  const [original] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  for (const id of [deliveryId(original), encodeId('Delivery', mintUuid()), 'dlv_no']) {
    expect(await acts.answer({ ownerId: stranger.ownerId }, replay, { id })).toEqual({
      __typename: 'NotFoundError',
      missingId: id,
    });
  }
});

test.each([
  [`is_active = false`, 'FAILED', 'ENDPOINT_INACTIVE'],
  [`is_active = false, disabled_reason = 'GONE'`, 'FAILED', 'ENDPOINT_GONE'],
  [`verification = 'FAILED'`, 'FAILED', 'ENDPOINT_UNVERIFIED'],
  [`verification = 'PENDING'`, 'PENDING', null],
])('to an endpoint with %s it is created %s', async (change, status, failureReason) => {
  const { ownerId, endpointId, ledger } = await seed();
  const [original] = await seedFailed(acts.database, { ownerId, endpointId, count: 1 });
  await acts.database.api.query(`update endpoint set ${change} where id = $1`, [endpointId]);
  const answer = await acts.answer({ ownerId }, replay, { id: deliveryId(original) });
  expect(answer).toMatchObject({ delivery: { status, failureReason } });
  expect(await ledger.count('due')).toBe(status === 'PENDING' ? 1 : 0);
  await ledger.expectDenseLog();
});

test('a caller without MANAGE_WEBHOOKS is refused', async () => {
  const { ownerId } = await seed();
  const actor = { permissions: new Set(['PUBLISH_EVENTS'] as const) };
  const { errors } = await acts.ask({ ownerId, actor }, replay, { id: 'dlv_no' });
  expect(errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' });
});
