import { WebSocket as PlatformWebSocket } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectWith } from '../../src/client/connect.ts';
import { connect, PositionExpiredError } from '../../src/client/node.ts';
import { type LogServer, startLogServer } from '../support/log-server.ts';
import { SeededRandom } from './seeded-random.ts';

/** More than the kernel's buffers on both sides of a loopback connection can hold. */
const changes = 40_000;

const random = new SeededRandom();
let server: LogServer;
beforeAll(async () => {
  server = await startLogServer({ changes, slowConsumerMs: 600 });
});
afterAll(() => server?.stop());

const transports = ['ws', 'sse', 'platform'] as const;
type Transport = (typeof transports)[number];

const open = (transport: Transport) =>
  (transport === 'platform' ? connectWith(PlatformWebSocket) : connect)({
    url: server.origin,
    token: 'key',
    transport: transport === 'sse' ? 'sse' : 'ws',
  });

/** The server has given up the connection, or the client itself has, if the platform cannot stop reading. */
const untilGivenUp = () => expect.poll(() => server.hub.size.subscriptions, { timeout: 20_000 }).toBe(0);

test.each(transports)(
  'who reads nothing for too long is cut off over %s, and misses nothing',
  async (transport) => {
    await untilGivenUp();
    const stallAt = random.integer(1, 5_000);
    console.log(`SEED=${random.seed}`);
    const reasons: string[] = [];
    const log = open(transport).log({
      after: 0,
      onState: (_state, reason) => {
        if (reason !== undefined) reasons.push(reason);
      },
    });
    const positions: number[] = [];
    for await (const { position } of log) {
      positions.push(position);
      if (position === stallAt) await untilGivenUp();
      if (position === changes) break;
    }
    expect(positions).toEqual(Array.from({ length: changes }, (_, index) => index + 1));
    const why = { ws: /4510: SLOW_CONSUMER position=\d+/, sse: /cut|ended/, platform: /slower than the log/ };
    expect(reasons).toEqual([expect.stringMatching(why[transport])]);
  },
);

test('a subscriber that retention overtakes gets an error, and nothing after the gap', async () => {
  const { ownerId, db } = server;
  const oldest = 30_000;
  const readers = transports.map((transport) => ({ log: open(transport).log({ after: 0 }), seen: 0 }));
  for (const reader of readers) reader.seen = (await reader.log.next()).value?.position ?? 0;
  await untilGivenUp();
  await db.database.api.query('update owner_log set floor = $2 where owner_id = $1', [ownerId, oldest]);
  await db.database.api.query('delete from delivery_log where owner_id = $1 and position <= $2', [
    ownerId,
    oldest,
  ]);
  for (const reader of readers) {
    const reading = (async () => {
      for await (const { position } of reader.log) {
        reader.seen = position === reader.seen + 1 ? position : Number.NaN;
      }
    })();
    await expect(reading).rejects.toThrow(PositionExpiredError);
    await expect(reading).rejects.toMatchObject({ code: 'LOG_POSITION_EXPIRED', oldest });
    expect(reader.seen).toBeLessThan(oldest);
    expect(await reader.log.next()).toEqual({ done: true, value: undefined });
  }
  const saved: number[] = [];
  const store = {
    load: async () => 5,
    save: async (position: number) => {
      saved.push(position);
    },
  };
  const follow = open('ws').follow(() => undefined, { store });
  await expect(follow).rejects.toMatchObject({ oldest });
  expect(saved).toEqual([]);
  const first = await open('sse').log({ after: 'oldest' }).next();
  expect(first.value?.position).toBe(oldest + 1);
});
