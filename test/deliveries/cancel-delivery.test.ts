import { afterAll, beforeAll, expect, test } from 'vitest';
import { shardOf } from '../../src/status/shard.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { type Acts, openActs } from './acts.ts';
import { deliveryId } from './finished.ts';
import { ledgerOf } from './ledger.ts';

let acts: Acts;
beforeAll(async () => {
  acts = await openActs();
});
afterAll(() => acts.close());

async function seed() {
  const { ownerId, endpointIds } = await seedOwner(acts.database);
  const [endpointId = ''] = endpointIds;
  const [delivery] = await seedDeliveries(acts.database, ownerId, endpointId, 1);
  const setEpoch = (epoch: number) =>
    acts.database.api.query('update shard_lease set epoch = $2 where shard = $1', [
      shardOf(ownerId, endpointId),
      epoch,
    ]);
  return { ownerId, id: deliveryId(delivery), ledger: ledgerOf(acts.database, ownerId), setEpoch };
}

const cancel = `mutation ($id: ID!) { cancelDelivery(input: { id: $id }) {
  __typename
  ... on CancelDeliveryPayload { delivery { id status failureReason nextAttemptAt } }
  ... on ConflictError { message }
} }`;

test('what is queued ends as FAILED (CANCELLED), in the log, and a second call conflicts', async () => {
  const { ownerId, id, ledger } = await seed();
  expect(await acts.answer({ ownerId }, cancel, { id })).toEqual({
    __typename: 'CancelDeliveryPayload',
    delivery: { id, status: 'FAILED', failureReason: 'CANCELLED', nextAttemptAt: null },
  });
  expect(await acts.answer({ ownerId }, cancel, { id })).toEqual({
    __typename: 'ConflictError',
    message: 'The delivery has already ended as FAILED.',
  });
  expect(await ledger.count('due')).toBe(0);
  expect(await ledger.audit()).toEqual(['delivery.cancel']);
  expect(await ledger.count('delivery_log')).toBe(2);
  await ledger.expectDenseLog();
});

test('what a live claim holds conflicts and is left alone; what a dead one held can be cancelled', async () => {
  const { ownerId, id, ledger, setEpoch } = await seed();
  await setEpoch(5);
  await claimAll(acts.database, ownerId, 5);
  expect(await acts.answer({ ownerId }, cancel, { id })).toMatchObject({ __typename: 'ConflictError' });
  expect(await ledger.count('due', 'claim = 5')).toBe(1);
  expect(await ledger.audit()).toEqual([]);
  await setEpoch(6);
  expect(await acts.answer({ ownerId }, cancel, { id })).toMatchObject({ delivery: { status: 'FAILED' } });
});

test('twenty at once cancel it once', async () => {
  const { ownerId, id, ledger } = await seed();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => acts.answer({ ownerId }, cancel, { id })),
  );
  expect(answers.filter(({ delivery }) => delivery !== undefined)).toHaveLength(1);
  expect(await ledger.count('delivery_log')).toBe(2);
  expect(await ledger.audit()).toEqual(['delivery.cancel']);
});

test('another owner’s delivery is not found', async () => {
  const { id } = await seed();
  const { ownerId } = await seedOwner(acts.database);
  expect(await acts.answer({ ownerId }, cancel, { id })).toEqual({ __typename: 'NotFoundError' });
});
