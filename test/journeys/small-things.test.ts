import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

let stage: Stage;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer(), { tenant: 'small' });
  await registerEventType(caller, { name: 'order.paid', example: { shown: true } });
  await registerEventType(caller, { name: 'user.seen', example: {} });
});
afterAll(() => stage.close());

const act = async (name: string, input: object, selection = '') => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const { result } = await ask<{ result: Record<string, unknown> }>(
    caller,
    `mutation ($input: ${type}Input!) { result: ${name}(input: $input) { __typename ${selection}
       ... on Error { message } ... on ValidationError { issues { path code } } } }`.replace(
      name === 'replayDelivery' ? '... on ValidationError { issues { path code } }' : '\u0000',
      '',
    ),
    { input },
  );
  return result;
};

test('a test sends a payload of one’s own, as it is', async () => {
  const receiver = await stage.startReceiver();
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
  await act('testEndpoint', { id, payload: { mine: [1, 'ü', null] } });
  await act('testEndpoint', { id });
  await receiver.until(2);
  const sent = receiver.received.map(({ body }) => JSON.stringify(JSON.parse(body).data)).sort();
  expect(sent).toEqual(['{"mine":[1,"ü",null]}', '{"shown":true}']);
  let deep: unknown = 1;
  for (let depth = 0; depth < 250; depth += 1) deep = [deep];
  expect(await act('testEndpoint', { id, payload: deep })).toMatchObject({ issues: [{ code: 'TOO_DEEP' }] });
  const large = { text: 'x'.repeat(262_144) };
  expect(await act('testEndpoint', { id, payload: large })).toMatchObject({
    issues: [{ code: 'TOO_LARGE' }],
  });
});

type Listed = { id: string; status: string };

test('what succeeded is replayed with force, and only then', async () => {
  const receiver = await stage.startReceiver();
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['user.seen'] });
  await publish(caller, [{ type: 'user.seen', payload: {} }]);
  let first: Listed | undefined;
  await untilTrue(async () => {
    const { deliveries } = await ask<{ deliveries: { nodes: Listed[] } }>(
      caller,
      'query ($f: DeliveryFilter) { deliveries(filter: $f) { nodes { id status } } }',
      { f: { endpointId: [id] } },
    );
    first = deliveries.nodes[0];
    return first?.status === 'SUCCEEDED';
  });
  expect(await act('replayDelivery', { id: first?.id })).toMatchObject({ __typename: 'NotReplayableError' });
  expect(await act('replayDelivery', { id: first?.id, force: true })).toMatchObject({
    __typename: 'ReplayDeliveryPayload',
  });
  await receiver.until(2);
  expect(receiver.received[1]?.headers['webhook-id']).toBe(receiver.received[0]?.headers['webhook-id']);
});

test('events are found by id, by time and by their key', async () => {
  const [one] = await publish(caller, [{ type: 'order.paid', payload: { n: 1 }, idempotencyKey: 'k-1' }]);
  const [two] = await publish(caller, [{ type: 'order.paid', payload: { n: 2 } }]);
  const find = async (filter: object) =>
    (
      await ask<{ events: { nodes: { id: string }[] } }>(
        caller,
        'query ($filter: EventFilter) { events(filter: $filter) { nodes { id } } }',
        { filter },
      )
    ).events.nodes.map(({ id }) => id);
  expect(await find({ id: [one?.event.id, 'evt_none', 'nonsense'] })).toEqual([one?.event.id]);
  expect(await find({ id: [] })).toEqual([]);
  expect(await find({ idempotencyKey: 'k-1' })).toEqual([one?.event.id]);
  expect(await find({ idempotencyKey: '\u0000' })).toEqual([]);
  expect(await find({ idempotencyKey: 'k-1', id: [two?.event.id] })).toEqual([]);
  expect((await find({ createdAfter: '2026-01-01T00:00:00Z' })).slice(0, 2)).toEqual([
    two?.event.id,
    one?.event.id,
  ]);
  expect(await find({ createdBefore: '2020-01-01T00:00:00Z' })).toEqual([]);
  expect(await find({ createdAfter: '9999-12-31T00:00:00Z' })).toEqual([]);
  expect(await find({ createdBefore: '0001-01-01T00:00:00Z' })).toEqual([]);
});
