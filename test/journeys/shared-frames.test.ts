import { createClient as createStreamClient } from 'graphql-sse';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAs, type RawSocket } from '../http/socket.ts';
import { type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

// Subscribers of the same document share what is worked out for them. Each of them still gets what it asked for: its own
// fields, its own filter, its own place to begin, and every change once.

let stage: Stage;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer());
  const receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'order.paid', example: {} });
  await registerEventType(caller, { name: 'order.sent', example: {} });
  await createEndpoint(caller, { url: receiver.url, events: ['order.paid', 'order.sent'] });
});
afterAll(() => stage?.close());

const document = `subscription Live($after: SafeInt, $types: [String!], $long: Boolean!) {
  deliveryStatusChanged(after: $after, filter: { eventType: $types }) {
    position after eventType status deliveryId @include(if: $long) } }`;
const batches = `subscription Batches($after: SafeInt) {
  deliveryLog(after: $after, maxBatch: 7) { after position changes { position after status eventType delivery { id } } } }`;

type Change = { position: number; after: number; eventType: string; deliveryId?: string };

const events = 40;
/** PENDING and SUCCEEDED of each. */
const changes = events * 2;
const types = ['order.paid', 'order.sent'];

test('everybody gets every change once, in order, with what it selected', async () => {
  const sockets: RawSocket[] = [];
  const subscribe = async (id: string, query: string, variables: object) => {
    const socket = await connectAs(caller.token ?? '', `${caller.origin.replace('http', 'ws')}/graphql`);
    sockets.push(socket);
    socket.say({ id, type: 'subscribe', payload: { query, variables } });
    return socket;
  };
  const all = { types: null, after: 0 };
  const long = await Promise.all(
    Array.from({ length: 12 }, (_, n) => subscribe(`long "${n}"`, document, { ...all, long: true })),
  );
  const short = await Promise.all(
    Array.from({ length: 4 }, (_, n) => subscribe(`s${n}`, document, { ...all, long: false })),
  );
  const sent = await Promise.all(
    Array.from({ length: 4 }, (_, n) =>
      subscribe(`t${n}`, document, { after: 0, types: ['order.sent'], long: true }),
    ),
  );
  const inBatches = await Promise.all(
    Array.from({ length: 4 }, (_, n) => subscribe(`b${n}`, batches, { after: 0 })),
  );
  const stream = createStreamClient({
    url: `${caller.origin}/graphql`,
    headers: { authorization: `Bearer ${caller.token}` },
  }).iterate({ query: document, variables: { ...all, long: true } });
  const streamed = takeFrom(stream, changes);

  for (let n = 0; n < events; n += 1) {
    await publish(caller, [{ type: types[n % 2] ?? '', payload: {} }]);
    // Some come late, and catch up beside the others.
    if (n % 10 === 5) long.push(await subscribe(`late ${n}`, document, { ...all, long: true }));
  }

  const [reference] = long;
  await reference?.hear(() => changesOf(reference).length === changes);
  const expected = changesOf(reference);
  expect(expected.map(({ position }) => position)).toEqual(range(changes));
  expect(expected.map(({ after }) => after)).toEqual(range(changes).map((position) => position - 1));
  for (const socket of long) {
    await socket.hear(() => changesOf(socket).length === changes);
    expect(changesOf(socket)).toEqual(expected);
  }
  for (const socket of short) {
    await socket.hear(() => changesOf(socket).length === changes);
    expect(changesOf(socket)).toEqual(expected.map(({ deliveryId: _left, ...rest }) => rest));
  }
  const ofType = expected.filter(({ eventType }) => eventType === 'order.sent');
  for (const socket of sent) {
    await socket.hear(() => changesOf(socket).length === ofType.length);
    const chain = ofType.map((change, n) => ({ ...change, after: ofType[n - 1]?.position ?? 0 }));
    expect(changesOf(socket)).toEqual(chain);
  }
  for (const socket of inBatches) {
    await socket.hear(() => batchesOf(socket).flatMap((batch) => batch.changes).length === changes);
    const heard = batchesOf(socket);
    expect(heard.flatMap((batch) => batch.changes.map(({ position }) => position))).toEqual(range(changes));
    expect(heard.map(({ after }) => after)).toEqual([
      0,
      ...heard.slice(0, -1).map(({ position }) => position),
    ]);
  }
  expect(await streamed).toEqual(expected);
  for (const socket of sockets) {
    expect(new Set(socket.heard.flatMap(({ type }) => type)).has('error')).toBe(false);
    socket.socket.close();
  }
});

const range = (length: number) => Array.from({ length }, (_, n) => n + 1);

const dataOf = (socket: RawSocket | undefined) =>
  (socket?.heard ?? [])
    .filter(({ type }) => type === 'next')
    .map(({ payload }) => Object(payload).data as Record<string, unknown>);
const changesOf = (socket: RawSocket | undefined) =>
  dataOf(socket).map(({ deliveryStatusChanged }) => deliveryStatusChanged as Change);
const batchesOf = (socket: RawSocket) =>
  dataOf(socket).map(
    ({ deliveryLog }) => deliveryLog as { after: number; position: number; changes: Change[] },
  );

async function takeFrom(stream: AsyncIterable<unknown>, count: number): Promise<Change[]> {
  const taken: Change[] = [];
  for await (const message of stream) {
    taken.push(Object(message).data.deliveryStatusChanged);
    if (taken.length === count) return taken;
  }
  return taken;
}
