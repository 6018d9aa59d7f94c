import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId } from '../../src/ids.ts';
import { type Acts, openActs } from '../deliveries/acts.ts';
import { ledgerOf } from '../deliveries/ledger.ts';
import { seedOwner } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedSecret } from '../support/worker.ts';

let acts: Acts;
beforeAll(async () => {
  acts = await openActs();
  for (const [id, name] of ['invoice.paid', 'order.created', 'order.paid'].entries()) {
    await acts.database.api.query(
      `insert into event_type (id, name, category, description, data_type, example)
       values ($1, $2, split_part($2, '.', 1), 'd', 'T', $3)`,
      [`00000000-0000-7000-8000-00000000000${id}`, name, JSON.stringify({ of: name })],
    );
  }
});
afterAll(() => acts.close());

async function seed(options: { url?: string; events?: string[]; change?: string } = {}) {
  const { url, events = ['order.*'], change = 'is_active = true' } = options;
  const { ownerId, endpointIds } = await seedOwner(acts.database, { ...(url !== undefined && { url }) });
  const [endpointId = ''] = endpointIds;
  await acts.database.api.query(`update endpoint set events = $2, ${change} where id = $1`, [
    endpointId,
    events,
  ]);
  return { ownerId, endpointId, ledger: ledgerOf(acts.database, ownerId) };
}

const source = `mutation ($id: ID!, $type: String) { testEndpoint(input: { id: $id, eventType: $type }) {
  __typename
  ... on TestEndpointPayload {
    delivery { kind status failureReason eventType event { type payloadText tenant { id } } } }
  ... on ValidationError { issues { path code } }
  ... on LimitExceededError { limit }
} }`;
const testOf = (ownerId: string, endpointId: string, type?: string) =>
  acts.answer({ ownerId }, source, { id: encodeId('Endpoint', endpointId), type });

test('an unverified endpoint gets the type’s example, with the header that tells a test', async () => {
  const receiver = await startReceiver();
  const { ownerId, endpointId, ledger } = await seed({
    url: receiver.url,
    events: ['order.paid'],
    change: `verification = 'FAILED'`,
  });
  await seedSecret(acts, ownerId, endpointId);
  expect(await testOf(ownerId, endpointId)).toMatchObject({
    delivery: {
      kind: 'TEST',
      status: 'PENDING',
      eventType: 'order.paid',
      event: {
        type: 'order.paid',
        payloadText: '{"of":"order.paid"}',
        tenant: { id: encodeId('Tenant', ownerId) },
      },
    },
  });
  const worker = createWorker(acts);
  worker.start();
  await receiver.until(1);
  await worker.stop(1_000);
  await receiver.close();
  expect(receiver.received[0]?.headers['webhook-test']).toBe('true');
  expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
    type: 'order.paid',
    data: { of: 'order.paid' },
  });
  expect(await ledger.audit()).toEqual(['endpoint.test']);
  await ledger.expectDenseLog();
});

test.each([
  [['*'], undefined, 'endpoint.test'],
  [['order.*', 'endpoint.*'], undefined, 'endpoint.test'],
  [['*'], 'order.paid', 'order.paid'],
  [['order.*'], undefined, 'order.created'],
  [['order.*', 'invoice.paid'], undefined, 'invoice.paid'],
  [['order.*', 'invoice.paid'], 'order.paid', 'order.paid'],
])('of %j, asked for %s, it sends %s', async (events, type, sent) => {
  const { ownerId, endpointId } = await seed({ events });
  expect(await testOf(ownerId, endpointId, type)).toMatchObject({ delivery: { eventType: sent } });
});

test.each([
  [['order.*'], 'invoice.paid', 'NOT_SUBSCRIBED'],
  [['*'], 'app.installed', 'NOT_SUBSCRIBED'],
  [['*'], 'no.such_type', 'UNKNOWN_EVENT_TYPE'],
  [['*'], '\u0000', 'UNKNOWN_EVENT_TYPE'],
  [['ghost.*'], undefined, 'NO_EVENT_TYPE'],
])('of %j, asked for %j, it is refused: %s', async (events, type, code) => {
  const { ownerId, endpointId, ledger } = await seed({ events });
  expect(await testOf(ownerId, endpointId, type)).toEqual({
    __typename: 'ValidationError',
    issues: [{ path: ['eventType'], code }],
  });
  expect(await ledger.count('delivery')).toBe(0);
  expect(await ledger.audit()).toEqual([]);
});

test('an inactive endpoint’s test is created FAILED', async () => {
  const { ownerId, endpointId, ledger } = await seed({ change: 'is_active = false' });
  expect(await testOf(ownerId, endpointId)).toMatchObject({
    delivery: { status: 'FAILED', failureReason: 'ENDPOINT_INACTIVE' },
  });
  expect(await ledger.count('due')).toBe(0);
  await ledger.expectDenseLog();
});

test('the eleventh within a minute is refused and changes nothing; another endpoint’s is not', async () => {
  const { ownerId, endpointId, ledger } = await seed();
  const answers = await Promise.all(Array.from({ length: 12 }, () => testOf(ownerId, endpointId)));
  expect(answers.filter(({ limit }) => limit === 10)).toHaveLength(2);
  expect(await ledger.count('delivery')).toBe(10);
  expect(await ledger.audit()).toHaveLength(10);
  const other = await seed();
  expect(await testOf(other.ownerId, other.endpointId)).toMatchObject({ delivery: { kind: 'TEST' } });
});

test('another owner’s endpoint is not found', async () => {
  const { endpointId } = await seed();
  const { ownerId } = await seed();
  expect(await testOf(ownerId, endpointId)).toEqual({ __typename: 'NotFoundError' });
});
