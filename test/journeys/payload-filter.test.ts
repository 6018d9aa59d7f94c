import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType, send } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let caller: Caller;
/** Of the one that bad inputs are tried on. */
let victim: string;
beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer(), { tenant: 'filterer' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
  await registerEventType(caller, { name: 'user.left', example: {} });
  const { url } = await stage.startReceiver();
  victim = (await createEndpoint(caller, { url, events: ['user.left'] })).id;
});
afterAll(() => stage.close());

const amount = (op: string, value: unknown) => ({ path: '/data/amount', op, value });

test('only what passes is delivered, and deliveryCount says so', async () => {
  const [all, large, german] = await Promise.all([1, 2, 3].map(() => stage.startReceiver()));
  const events = ['order.paid'];
  await createEndpoint(caller, { url: all?.url ?? '', events });
  const { id } = await createEndpoint(caller, {
    ...{ url: large?.url ?? '', events, filter: [amount('GTE', 100)] },
  });
  await createEndpoint(caller, {
    ...{ url: german?.url ?? '', events },
    filter: [amount('GTE', 100), { path: '/data/country', op: 'IN', value: ['DE'] }],
  });
  const published = await publish(caller, [
    { type: 'order.paid', payload: { amount: 99 } },
    { type: 'order.paid', payload: { amount: 100, country: 'FR' } },
    { type: 'order.paid', payload: { amount: 1e3, country: 'DE' } },
    { type: 'order.paid', payloadText: '{"amount":99.99999999999999999999}' },
    { type: 'order.paid', payload: { amount: '100' }, idempotencyKey: 'a' },
  ]);
  expect(published.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 2, 3, 1, 1]);
  await Promise.all([all?.until(5), large?.until(2), german?.until(1)]);
  expect(large?.received.map(({ body }) => JSON.parse(body).data.amount).sort()).toEqual([100, 1000]);
  expect(german?.received).toHaveLength(1);
  const [again] = await publish(caller, [
    { type: 'order.paid', payload: { amount: '100' }, idempotencyKey: 'a' },
  ]);
  expect(again).toMatchObject({ isDuplicate: true, deliveryCount: 1 });

  const changed = await update(id, { filter: [] });
  expect(changed.endpoint?.filter).toEqual([]);
  const [unfiltered] = await publish(caller, [{ type: 'order.paid', payload: {} }]);
  expect(unfiltered?.deliveryCount).toBe(2);
  await update(id, { filter: [amount('EQ', 1)] });
  expect((await update(id, { filter: null })).endpoint?.filter).toEqual([]);
});

type Updated = {
  __typename: string;
  issues?: { path: (string | number)[]; code: string }[];
  endpoint?: { filter: { path: string; op: string; value: unknown }[] };
};

async function update(id: string, input: Readonly<Record<string, unknown>>): Promise<Updated> {
  const { updateEndpoint } = await ask<{ updateEndpoint: Updated }>(
    caller,
    `mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { __typename
       ... on UpdateEndpointPayload { endpoint { filter { path op value } } }
       ... on ValidationError { issues { path code message } } } }`,
    { input: { id, ...input } },
  );
  return updateEndpoint;
}

const previewDocument = `query ($filter: [PayloadConditionInput!]!) {
  previewFilter(filter: $filter, eventType: "user.seen") {
    examined matched events { matches failedCondition event { type payload } } } }`;

test('a preview tells which of the newest events would pass, and which condition keeps the others', async () => {
  await registerEventType(caller, { name: 'user.seen', example: {} });
  await publish(
    caller,
    Array.from({ length: 105 }, (_, n) => ({ type: 'user.seen', payload: { n, even: n % 2 === 0 } })),
  );
  const filter = [
    { path: '/data/n', op: 'GTE', value: 55 },
    { path: '/data/even', op: 'EQ', value: true },
  ];
  const { previewFilter } = await ask<{
    previewFilter: {
      examined: number;
      matched: number;
      events: { failedCondition: number | null; event: { payload: { n: number } } }[];
    };
  }>(caller, previewDocument, { filter });
  expect(previewFilter).toMatchObject({ examined: 100, matched: 25 });
  expect(previewFilter.events.map(({ event }) => event.payload.n)).toEqual(
    Array.from({ length: 100 }, (_, index) => 104 - index),
  );
  expect(previewFilter.events.slice(48, 51).map(({ failedCondition }) => failedCondition)).toEqual([
    null,
    1,
    0,
  ]);
  const { body } = await send(caller, previewDocument, { filter: [{ path: 'x', op: 'EQ', value: 1 }] });
  expect(body.errors?.[0]).toMatchObject({
    message: expect.stringContaining('filter.0.path'),
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

const bad = (op: string, value?: unknown, path = '/data') => [
  { path, op, ...(value === undefined ? {} : { value }) },
];

test.each([
  ['no pointer', bad('EQ', 1, 'data'), 'INVALID_POINTER', 'path'],
  ['a lone ~', bad('EQ', 1, '/a~b'), 'INVALID_POINTER', 'path'],
  ['a pointer of 33 names', bad('EQ', 1, '/a'.repeat(33)), 'TOO_LONG', 'path'],
  ['a pointer of 1,001 characters', bad('EQ', 1, `/${'a'.repeat(1_000)}`), 'TOO_LONG', 'path'],
  ['a NUL in a pointer', bad('EQ', 1, '/a\u0000'), 'INVALID_CHARACTER', 'path'],
  ['half a surrogate pair in a pointer', bad('EQ', 1, '/\ud800'), 'INVALID_CHARACTER', 'path'],
  ['an object', bad('EQ', { a: 1 }), 'WRONG_TYPE', 'value'],
  ['a list for EQ', bad('EQ', [1]), 'WRONG_TYPE', 'value'],
  ['no value', bad('EQ'), 'REQUIRED', 'value'],
  ['a value for EXISTS', bad('EXISTS', null), 'NOT_ALLOWED', 'value'],
  ['no list for IN', bad('IN', 'DE'), 'OUT_OF_RANGE', 'value'],
  ['an empty list for IN', bad('IN', []), 'OUT_OF_RANGE', 'value'],
  ['101 values for IN', bad('IN', Array(101).fill(1)), 'OUT_OF_RANGE', 'value'],
  ['10,000 values for IN', bad('IN', Array(10_000).fill(1)), 'OUT_OF_RANGE', 'value'],
  ['a list in a list for IN', bad('IN', [[1]]), 'WRONG_TYPE', 'value'],
  ['true for GT', bad('GT', true), 'WRONG_TYPE', 'value'],
  ['null for LTE', bad('LTE', null), 'WRONG_TYPE', 'value'],
  ['a number for STARTS_WITH', bad('STARTS_WITH', 1), 'WRONG_TYPE', 'value'],
  ['a text of 1,001 characters', bad('EQ', 'a'.repeat(1_001)), 'TOO_LONG', 'value'],
  ['a NUL in a text', bad('EQ', 'a\u0000'), 'INVALID_CHARACTER', 'value'],
  ['11 conditions', Array.from({ length: 11 }, () => bad('EQ', 1)[0]), 'TOO_MANY', undefined],
])('%s is refused with its place', async (_name, filter, code, place) => {
  const answer = await update(victim, { filter });
  expect(answer.__typename).toBe('ValidationError');
  expect(answer.issues?.[0]).toMatchObject({
    code,
    path: place === undefined ? ['filter'] : ['filter', '0', place],
  });
});

test('a number that JSON in JavaScript would change is refused, in variables and in the document', async () => {
  const text =
    '{ previewFilter(eventType: "order.paid", filter: [{ path: "/a", op: EQ, value: 12345678901234567890 }]) { examined } }';
  const { body } = await send(caller, text);
  expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});
