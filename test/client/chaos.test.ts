import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { WebSocket as PlatformWebSocket } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectWith } from '../../src/client/connect.ts';
import { type Change, connect, type Heliograph, UnavailableError } from '../../src/client/node.ts';
import { encodeId } from '../../src/ids.ts';
import { createEndpoint, registerEventType } from '../support/client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { KilledConsumer, type Noted } from './killed-consumer.ts';
import { SeededRandom } from './seeded-random.ts';

/**
 * Several tenants publish while everything between the client and the log breaks, in an order that is drawn anew each
 * time. Each consumer has to have seen, in the end, what the table of the log holds: every position once and in order.
 * A run is repeated by its seed, which is printed.
 */
const random = new SeededRandom();
const tenants = ['north', 'south', 'west'];
const eventType = 'thing.happened';

let stage: Stage;
let sql: pg.Pool;
let folder: string;
let apis: ServerProcess[] = [];
const stopping: Promise<unknown>[] = [];
let nextApi = 0;
let expectedEvents = 0;
let readers: Awaited<ReturnType<typeof startFaultyProxy>>;
let publishers: Awaited<ReturnType<typeof startFaultyProxy>>;
let killed: KilledConsumer;

/** Behind one address: each connection gets the next of those that run. */
const someApi = () => {
  nextApi += 1;
  return apis[nextApi % Math.max(1, apis.length)]?.origin ?? 'http://127.0.0.1:1';
};
const startApi = async () => {
  apis.push(await stage.startServer({ ROLE: 'api' }));
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-chaos-'));
  stage = await openStage();
  sql = new pg.Pool({ connectionString: stage.environment.DATABASE_URL, max: 2 });
  const settings = { RETRY_SCHEDULE: '0,0.05,0.1', DELIVERY_TIMEOUT_MS: '2000' };
  const [server, second] = await Promise.all([
    stage.startServer({ ROLE: 'api' }),
    stage.startServer({ ROLE: 'api' }),
    stage.startServer({ ROLE: 'worker', ...settings }),
  ]);
  apis = [server, second];
  readers = await startFaultyProxy(someApi);
  publishers = await startFaultyProxy(someApi);
  // One in five is refused, so that some deliveries are tried again and some end as dead letters.
  const receiver = await stage.startReceiver({
    answer: (_request, response, index) => response.writeHead(index % 5 === 0 ? 503 : 204).end(),
  });
  await registerEventType(await stage.callerOf(server), { name: eventType, example: {} });
  for (const tenant of tenants) {
    const caller = await stage.callerOf(server, { tenant });
    await createEndpoint(caller, { url: receiver.url, events: [eventType] });
  }
});
afterAll(async () => {
  await killed?.kill();
  await readers?.stop();
  await publishers?.stop();
  await sql?.end();
  await stage?.close();
  rmSync(folder, { recursive: true, force: true });
});

const secondsNow = () => Math.floor(Date.now() / 1000);

type Note = (changes: readonly Change[]) => Promise<void>;

/** A consumer in this process: all that it was handed, in order. */
class Consumer {
  readonly name: string;
  readonly tenant: string;
  readonly seen: Noted[] = [];
  readonly running: Promise<void>;
  #watching: (() => void)[] = [];
  #stall: Promise<void> | undefined;

  constructor(name: string, tenant: string, run: (note: Note) => Promise<void>) {
    this.name = name;
    this.tenant = tenant;
    this.running = run(async (changes) => {
      for (const { position, deliveryId, status } of changes)
        this.seen.push({ position, deliveryId, status });
      for (const look of this.#watching) look();
      await this.#stall;
    });
    this.running.catch(() => undefined);
  }

  /** Takes nothing more until what is answered is called. */
  stall(): () => void {
    let go = () => {};
    this.#stall = new Promise((resolve) => {
      go = () => {
        this.#stall = undefined;
        resolve();
      };
    });
    return go;
  }

  async untilCovered(position: number): Promise<void> {
    const covered = new Promise<void>((resolve) => {
      const look = () => {
        if ((this.seen.at(-1)?.position ?? 0) < position) return;
        this.#watching = this.#watching.filter((one) => one !== look);
        resolve();
      };
      this.#watching.push(look);
      look();
    });
    await Promise.race([covered, this.running.then(() => Promise.reject(new Error(`${this.name} ended.`)))]);
  }
}

const ending = new AbortController();

/** The ways to read, each with a token that ends within seconds. */
const ways: Record<string, (heliograph: Heliograph, note: Note) => Promise<void>> = {
  log: async (heliograph, note) => {
    for await (const change of heliograph.log({ after: 0, signal: ending.signal })) {
      await note([change]);
    }
  },
  follow: async (heliograph, note) => {
    let saved: number | undefined = 0;
    const store = {
      load: async () => saved,
      save: async (position: number) => {
        saved = position;
      },
    };
    await heliograph.follow(note, { store, batch: random.integer(1, 700), signal: ending.signal });
  },
};

function startConsumer(way: string, transport: 'ws' | 'sse' | 'platform', tenant: string): Consumer {
  const connectOver = transport === 'platform' ? connectWith(PlatformWebSocket) : connect;
  const heliograph = connectOver({
    url: readers.origin,
    transport: transport === 'sse' ? 'sse' : 'ws',
    silenceMs: transport === 'sse' ? 6_000 : 2_000,
    token: () => stage.issuer.sign({ tenant, exp: secondsNow() + random.integer(2, 6) }),
  });
  const run = ways[way];
  if (run === undefined) throw new Error(`There is no way ${way}.`);
  return new Consumer(`${way} over ${transport} of ${tenant}`, tenant, (note) => run(heliograph, note));
}

/** Publishes in one call, which may have to be repeated. */
async function publishTo(tenant: string, count: number): Promise<void> {
  const first = expectedEvents;
  expectedEvents += count;
  const heliograph = connect({ url: publishers.origin, token: () => stage.issuer.sign({ tenant }) });
  const events = Array.from({ length: count }, (_, index) => ({
    type: eventType,
    payload: { index },
    idempotencyKey: `event-${first + index}`,
  }));
  for (;;) {
    try {
      await heliograph.publish(events);
      return;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }
}

const publishSome = () => publishTo(random.pick(tenants), random.pick([1, 10, 100, 400]));

const acts: Record<string, () => unknown> = {
  'kill -9 of every API': async () => {
    const dead = apis;
    apis = [];
    await Promise.all(dead.map((server) => server.kill()));
    await startApi();
  },
  'rolling restart': async () => {
    await startApi();
    const old = apis.shift();
    if (old !== undefined) stopping.push(old.stop());
  },
  cut: () => {
    readers.cut();
    publishers.cut();
  },
  silence: () => readers.silence(),
  'cut each second': () => readers.set({ cutAfterMs: 1_000 }),
  'delay and split': () => readers.set({ delayMs: 300, split: true }),
  heal: () => readers.set({}),
  'kill -9 of the consumer': async () => {
    const killing = killed.killAfter(random.integer(0, 3));
    await publishTo('north', 3);
    await killing;
  },
};

const headOf = async (tenant: string) => {
  const { rows } = await sql.query<{ head: string }>(
    'select head from owner_log join tenant on tenant.id = owner_id where external_id = $1',
    [tenant],
  );
  return Number(rows[0]?.head ?? 0);
};

async function untilDelivered(): Promise<void> {
  for (;;) {
    const { rows } = await sql.query<{ n: number }>('select count(*)::int as n from due');
    if (rows[0]?.n === 0) return;
  }
}

async function tableOf(tenant: string): Promise<Noted[]> {
  const { rows } = await sql.query<{ position: string; delivery_id: string; status: string }>(
    `select position, delivery_id, status from delivery_log join tenant on tenant.id = owner_id
      where external_id = $1 order by position`,
    [tenant],
  );
  return rows.map(({ position, delivery_id, status }) => ({
    position: Number(position),
    deliveryId: encodeId('Delivery', delivery_id),
    status,
  }));
}

/** Each kill may repeat the one change that was in hand. */
function withoutRepeats({ kills, ...consumer }: { kills: number; noted: readonly Noted[] }): Noted[] {
  const once = consumer.noted.filter(
    ({ position }, index) => position !== consumer.noted[index - 1]?.position,
  );
  expect(consumer.noted.length - once.length).toBeLessThanOrEqual(kills);
  return once;
}

test('whatever breaks in whatever order, each consumer sees its log once, in order and whole', async () => {
  console.log(`SEED=${random.seed}`);
  const consumers = [
    startConsumer('log', 'ws', 'north'),
    startConsumer('log', 'sse', 'south'),
    startConsumer('log', 'platform', 'west'),
    startConsumer('follow', random.pick(['ws', 'sse', 'platform']), random.pick(tenants)),
  ];
  const token = await stage.issuer.sign({ tenant: 'north' });
  killed = new KilledConsumer({ url: readers.origin, token, folder });
  await killed.start();

  const names = Object.keys(acts);
  const script = [...random.shuffled(names), 'kill -9 of the consumer'];
  let resume = () => {};
  for (const name of script) {
    const publishing = Array.from({ length: random.integer(1, 3) }, () => publishSome());
    await acts[name]?.();
    await Promise.all(publishing);
    resume();
    const consumer = random.pick(consumers);
    if (random.next() < 0.3) resume = consumer.stall();
    else if (random.next() < 0.4) await consumer.untilCovered(await headOf(consumer.tenant));
  }
  resume();
  readers.set({});
  await untilDelivered();

  for (const consumer of [...consumers, killed]) {
    const tenant = 'tenant' in consumer ? consumer.tenant : 'north';
    await consumer.untilCovered(await headOf(tenant));
  }
  ending.abort();
  await Promise.all(stopping);
  await Promise.all(consumers.map(({ running }) => running));
  await killed.kill();
  for (const { name, tenant, seen } of consumers)
    expect({ name, seen }).toEqual({ name, seen: await tableOf(tenant) });
  expect(withoutRepeats({ kills: killed.kills, noted: killed.noted() })).toEqual(await tableOf('north'));
  const { rows } = await sql.query<{ n: number }>('select count(*)::int as n from event');
  expect(rows[0]?.n).toBe(expectedEvents);
}, 120_000);
