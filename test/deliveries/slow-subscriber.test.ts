import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hub } from '../../src/live/hub.ts';
import { connectAs, type RawSocket, subscribeTo } from '../http/socket.ts';
import { type LogServer, startLogServer } from '../support/log-server.ts';

/** More than the kernel's buffers on both sides of a loopback connection can hold. */
const changes = 30_000;

let server: LogServer;
let hub: Hub;
let wsUrl: string;
beforeAll(async () => {
  server = await startLogServer({ changes, slowConsumerMs: 600 });
  ({ hub } = server);
  wsUrl = `${server.origin.replace('http', 'ws')}/graphql`;
});
afterAll(() => server?.stop());

type Batch = { after: number; position: number };

const follow = (after: number) =>
  subscribeTo(
    '1',
    `subscription ($after: SafeInt) {
       deliveryLog(after: $after, maxBatch: 500) {
         after position changes { position deliveryId endpointId eventType status previousStatus occurredAt }
       }
     }`,
    { after },
  );

function batchesOf(socket: RawSocket, operation = '1'): Batch[] {
  return socket.heard.flatMap(({ id, type, payload }) => {
    if (type !== 'next' || id !== operation) return [];
    const { data } = payload as { data: { deliveryLog: Batch } };
    return [data.deliveryLog];
  });
}

test('a subscriber that is disconnected for slowness learns exactly how far it has read', async () => {
  const slow = await connectAs('key', wsUrl);
  slow.say(follow(0));
  await slow.hear(({ id }) => id === '1');
  slow.socket.pause();
  await expect.poll(() => hub.size.subscriptions, { timeout: 20_000 }).toBe(0);
  slow.socket.resume();
  const { code, reason } = await slow.closed();
  expect(code).toBe(4510);
  const position = Number(/^SLOW_CONSUMER position=(\d+)$/.exec(reason)?.[1]);
  const read = batchesOf(slow);
  expect(position).toBe(read.at(-1)?.position);
  expect(position).toBeLessThan(changes);

  const next = await connectAs('key', wsUrl);
  next.say(follow(position));
  await expect.poll(() => batchesOf(next).at(-1)?.position, { timeout: 20_000 }).toBe(changes);
  const all = [...read, ...batchesOf(next)];
  expect(all.map(({ after }) => after)).toEqual([0, ...all.slice(0, -1).map((batch) => batch.position)]);
  next.socket.terminate();
});

test('with several subscriptions on one socket, the position of the one furthest behind is given', async () => {
  const slow = await connectAs('key', wsUrl);
  slow.socket.pause();
  slow.say(follow(2_000));
  slow.say({ ...follow(0), id: '2' });
  await expect.poll(() => hub.size.subscriptions, { timeout: 20_000 }).toBe(2);
  await expect.poll(() => hub.size.subscriptions, { timeout: 20_000 }).toBe(0);
  slow.socket.resume();
  const { reason } = await slow.closed();
  const read = [batchesOf(slow, '1').at(-1)?.position ?? 2_000, batchesOf(slow, '2').at(-1)?.position ?? 0];
  expect(reason).toBe(`SLOW_CONSUMER position=${Math.min(...read)}`);
});
