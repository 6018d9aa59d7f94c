import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Change,
  connect,
  ForbiddenError,
  fileStore,
  type Log,
  PositionAheadError,
  RequestError,
  UnauthenticatedError,
  UsageError,
} from '../../src/client/node.ts';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { readLog } from '../support/follower.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { startFaultyProxy } from './faulty-proxy.ts';

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-client-'));
  stage = await openStage();
  server = await stage.startServer();
  caller = await stage.callerOf(server);
  const receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'thing.happened', example: {} });
  await createEndpoint(caller, { url: receiver.url, events: ['thing.happened'] });
  proxy = await startFaultyProxy(() => server.origin);
});
afterAll(async () => {
  await proxy?.stop();
  await stage?.close();
  rmSync(folder, { recursive: true, force: true });
});

const publishMany = (count: number) =>
  publish(
    caller,
    Array.from({ length: count }, (_, index) => ({ type: 'thing.happened', payload: { index } })),
  );
const headOf = async () => (await ask<{ logHead: number }>(caller, '{ logHead }')).logHead;

/** Each event makes two changes: queued and delivered. */
async function take<Value extends { position: number }>(log: Log<Value>, count: number): Promise<Value[]> {
  const changes: Value[] = [];
  for await (const change of log) {
    expect(log.position).toBe(change.position);
    changes.push(change);
    if (changes.length === count) return changes;
  }
  throw new Error(`It ended after ${changes.length} of ${count}.`);
}

const expectDense = (changes: readonly { position: number }[], after: number) =>
  expect(changes.map(({ position }) => position)).toEqual(changes.map((_, index) => after + 1 + index));

describe.each(['ws', 'sse'] as const)('over %s', (transport) => {
  const open = (origin = server.origin, more: Partial<Parameters<typeof connect>[0]> = {}) =>
    connect({ url: origin, token: async () => await stage.issuer.sign(), transport, ...more });

  test('every change comes once and in order, as the table has it', async () => {
    const after = await headOf();
    await publishMany(40);
    const log = open().log({ after });
    const changes = await take(log, 80);
    expectDense(changes, after);
    const table = new Map((await readLog(caller, after)).map((row) => [row.position, row]));
    for (const change of changes) expect(table.get(change.position)).toMatchObject({ status: change.status });
  });

  test('without `after` it begins now, and is live before anything has happened', async () => {
    const head = await headOf();
    const states: string[] = [];
    let isLive = () => {};
    const live = new Promise<void>((resolve) => {
      isLive = resolve;
    });
    const log = open().log({
      onState: (state) => {
        states.push(state);
        if (state === 'live') isLive();
      },
    });
    const first = log.next();
    await live;
    expect(states).toEqual(['live']);
    await publishMany(1);
    expect((await first).value).toMatchObject({ position: head + 1, status: 'PENDING' });
    expect(log.state).toBe('live');
    await log.return();
  });

  test('`oldest` begins at the beginning', async () => {
    const [first] = await take(open().log({ after: 'oldest' }), 1);
    expect(first?.position).toBe(1);
  });

  test('a filter passes over the rest, and the position moves on', async () => {
    const after = await headOf();
    await publishMany(5);
    const log = open().log({ after, filter: { status: ['SUCCEEDED'] } });
    const changes = await take(log, 5);
    expect(changes.map(({ status }) => status)).toEqual(Array(5).fill('SUCCEEDED'));
  });

  test('`select` says what a change carries, as names, as a selection and as a fragment', async () => {
    const [named] = await take(open().log({ after: 0, select: ['status', 'deliveryId'] }), 1);
    expect(Object.keys(named ?? {}).sort()).toEqual(['deliveryId', 'position', 'status']);
    type Selected = { position: number; delivery: { id: string } };
    const [selected] = await take(open().log<Selected>({ after: 0, select: '{ delivery { id } }' }), 1);
    expect(selected?.delivery.id).toMatch(/^dlv_/);
    const select = 'fragment F on DeliveryStatusChange { delivery { id } }';
    const [inFragment] = await take(open().log<Selected>({ after: 0, select }), 1);
    expect(inFragment).toEqual(selected);
    await expect(take(open().log({ after: 0, select: '{ nothing }' }), 1)).rejects.toThrow(RequestError);
  });

  test.each([
    ['cut every half second', { cutAfterMs: 500 }],
    ['delayed by 300 ms and cut in two', { delayMs: 300, split: true }],
  ])('nothing is lost where the way is %s', async (_name, fault) => {
    const after = await headOf();
    proxy.set(fault);
    try {
      const taking = take(open(proxy.origin).log({ after }), 400);
      for (let round = 0; round < 20; round += 1) await publishMany(10);
      expectDense(await taking, after);
    } finally {
      proxy.set({});
    }
  });

  test('a way that goes silent is noticed', async () => {
    const after = await headOf();
    const states: string[] = [];
    let tell = () => {};
    const onState = (state: string, reason = '') => {
      states.push(`${state}${reason}`);
      tell();
    };
    const until = (text: string) =>
      new Promise<void>((resolve) => {
        tell = () => {
          if (states.some((state) => state.includes(text))) resolve();
        };
        tell();
      });
    const silenceMs = transport === 'ws' ? 1_000 : 6_000;
    const taking = take(open(proxy.origin, { silenceMs }).log({ after, onState }), 20);
    await until('live');
    const before = proxy.connections();
    proxy.silence();
    await until('No sign of life');
    await publishMany(10);
    expectDense(await taking, after);
    expect(proxy.connections()).toBeGreaterThan(before);
  });

  test('a server that is killed and started again is found again', async () => {
    const after = await headOf();
    const taking = take(open(proxy.origin).log({ after }), 40);
    await publishMany(10);
    await server.kill();
    server = await stage.startServer();
    caller = await stage.callerOf(server);
    await publishMany(10);
    expectDense(await taking, after);
  });

  test('tokens that end every two seconds are replaced', async () => {
    const after = await headOf();
    const seconds = () => Math.floor(Date.now() / 1_000);
    let tokens = 0;
    const heliograph = open(server.origin, {
      token: () => {
        tokens += 1;
        return stage.issuer.sign({ exp: seconds() + 2 });
      },
    });
    const log = heliograph.log({ after });
    const changes: Change[] = [];
    await publishMany(1);
    for await (const change of log) {
      changes.push(change);
      if (tokens >= 6 && changes.length >= 8) break;
      if (change.status === 'SUCCEEDED') await publishMany(1);
    }
    expectDense(changes, after);
  });

  test('a credential that is not good ends it after the second refusal', async () => {
    let asked = 0;
    const token = () => {
      asked += 1;
      return 'nonsense';
    };
    const log = open(server.origin, { token }).log({ after: 0 });
    await expect(log.next()).rejects.toThrow(UnauthenticatedError);
    expect(asked).toBe(2);
    expect(await log.next()).toEqual({ done: true, value: undefined });
  });

  test('a credential that does not allow it, and a position ahead of the log, end it', async () => {
    const token = () => stage.issuer.sign({ permissions: ['publish_events'] });
    await expect(open(server.origin, { token }).log({ after: 0 }).next()).rejects.toThrow(ForbiddenError);
    const head = await headOf();
    const ahead = open()
      .log({ after: head + 1_000 })
      .next();
    await expect(ahead).rejects.toThrow(PositionAheadError);
    await expect(ahead).rejects.toMatchObject({ head });
  });

  test('leaving, aborting and calling `next` many times at once all end well', async () => {
    const after = await headOf();
    await publishMany(3);
    const log = open().log({ after });
    const results = await Promise.all(Array.from({ length: 6 }, () => log.next()));
    expectDense(
      results.map(({ value }) => value ?? { position: -1 }),
      after,
    );
    const waiting = log.next();
    await log.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const ending = new AbortController();
    const aborted = open().log({ signal: ending.signal });
    const next = aborted.next();
    ending.abort();
    expect((await next).done).toBe(true);
    expect((await open().log({ signal: AbortSignal.abort() }).next()).done).toBe(true);
  });

  test('`follow` goes on where it stopped, one change at a time or several', async () => {
    const after = await headOf();
    const store = fileStore(join(folder, transport, 'position'));
    await store.save(after);
    await publishMany(10);
    const seen: Change[] = [];
    const failing = open().follow(
      async (change) => {
        if (seen.length === 7) throw new Error('the handler fails');
        seen.push(change);
      },
      { store },
    );
    await expect(failing).rejects.toThrow('the handler fails');
    expect(await store.load()).toBe(after + 7);
    const ending = new AbortController();
    await open().follow(
      async (changes: readonly Change[]) => {
        expect(changes.length).toBeLessThanOrEqual(4);
        seen.push(...changes);
        if (seen.length === 20) ending.abort();
      },
      { store, batch: 4, signal: ending.signal },
    );
    expectDense(seen, after);
    expect(await store.load()).toBe(after + 20);
  });
});

test('a position that is no position is refused, and the file is left as it is', async () => {
  const path = join(folder, 'bad');
  for (const text of ['', 'x', '-1', '1.5', '99999999999999999']) {
    writeFileSync(path, text);
    await expect(fileStore(path).load()).rejects.toThrow(UsageError);
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
});

test('options that cannot be right are said at once, and never with the token', async () => {
  const url = 'http://127.0.0.1:4000';
  expect(() => connect({ url: 'nowhere' })).toThrow(UsageError);
  expect(() => connect({ url: 'ftp://127.0.0.1' })).toThrow(UsageError);
  expect(() => connect({ url: 'http://me:secret@127.0.0.1' })).toThrow(/credential/);
  expect(() => connect({ url: `${url}/console#token=secret` })).toThrow(/^(?!.*secret).*alone/);
  expect(() => connect({ url: `${url}/?token=secret` })).toThrow(/^(?!.*secret).*alone/);
  for (const tenant of ['', 'a\nb', 'shop…']) expect(() => connect({ url, tenant })).toThrow(UsageError);
  expect(() => connect({ url, token: 'se cret' })).toThrow(/^(?!.*se cret)/);
  expect(() => connect({ url, silenceMs: 0 })).toThrow(UsageError);
  expect(() => connect({ url }).log({ after: -1 })).toThrow(UsageError);
  expect(() => connect({ url }).log({ after: Number.NaN })).toThrow(UsageError);
  const query = connect({ url: 'http://127.0.0.1:1', token: () => 'secret\nline' }).query(
    '{ viewer { id } }',
  );
  await expect(query).rejects.toThrow(/^(?!.*secret)/);
});

test('`query` and `publish` answer, and tell why they do not', async () => {
  const heliograph = connect({ url: `${server.origin}/`, token: () => stage.issuer.sign() });
  expect(await heliograph.query('{ logHead }')).toEqual({ logHead: await headOf() });
  const event = { type: 'thing.happened', payload: { a: 1 }, idempotencyKey: 'once' };
  const { events } = await heliograph.publish([event]);
  expect(events).toMatchObject([{ isDuplicate: false, deliveryCount: 1 }]);
  expect(await heliograph.publish([event])).toMatchObject({ events: [{ isDuplicate: true }] });
  await expect(heliograph.publish([{ type: 'no.such', payload: {} }])).rejects.toThrow(RequestError);
  await expect(heliograph.query('{ nothing }')).rejects.toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
  const nobody = connect({ url: server.origin }).query('{ logHead }');
  await expect(nobody).rejects.toThrow(UnauthenticatedError);
  const nowhere = connect({ url: 'http://127.0.0.1:1' }).query('{ logHead }');
  await expect(nowhere).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
