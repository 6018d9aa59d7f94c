import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Heliograph } from '../../src/client/node.ts';
import {
  DeliveriesPageDocument,
  type DeliveryFilter,
} from '../../src/console/deliveries/generated/graphql.ts';
import { LiveChangeFragmentDoc, StillThereDocument } from '../../src/console/live/generated/graphql.ts';
import { type DeliverySource, LiveDeliveries } from '../../src/console/live/live-deliveries.ts';
import { startFaultyProxy } from '../client/faulty-proxy.ts';
import { SeededRandom } from '../client/seeded-random.ts';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * The table of deliveries against the real API: whatever comes in between (pages, changes, cut connections, a server
 * that starts again, purges), in an order that is drawn anew each time, it ends equal to what the API answers for its
 * filter, and it never says Live where it knows less than the log. A run is repeated by its seed.
 */
const random = new SeededRandom();
const types = ['order.created', 'order.paid'];
const firstPage = 7;
const steps = 30;

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
let client: Heliograph;
let isBroken = false;
const endpointIds: string[] = [];

beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer(settings);
  proxy = await startFaultyProxy(() => server.origin);
  caller = { ...(await stage.callerOf(server)), origin: proxy.origin };
  const receiver = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(isBroken ? 500 : 204).end(),
  });
  for (const name of types) await registerEventType(caller, { name, example: {} });
  for (const name of ['one', 'two']) {
    const { id } = await createEndpoint(caller, { url: `${receiver.url}?${name}`, events: types });
    endpointIds.push(id);
  }
  client = connect({ url: proxy.origin, token: caller.token, silenceMs: 2_000 });
});
afterAll(async () => {
  for (const { live } of watched) live.stop();
  await proxy?.stop();
  await stage?.close();
});

/** What the test itself does is not cut off. */
const directly = (): Caller => ({ ...caller, origin: server.origin });

const settings = { RETRY_SCHEDULE: '0,0' };
type Watched = { live: LiveDeliveries; filter: DeliveryFilter; lies: string[] };
const watched: Watched[] = [];

/** A question on a connection that has become silent is given up, as the console does, and asked again. */
const soon = () => ({ signal: AbortSignal.timeout(5_000) });

/** The console's own way to the data, with the documents that it sends. */
function watch(filter: DeliveryFilter): void {
  let log: ReturnType<DeliverySource['openLog']> | undefined;
  const source: DeliverySource = {
    readPage: async (variables) => (await client.query(DeliveriesPageDocument, variables, soon())).deliveries,
    async findThere(ids) {
      const { deliveries } = await client.query(StillThereDocument, { ids: [...ids] }, soon());
      return new Set(deliveries.nodes.map(({ id }) => id));
    },
    openLog(options) {
      log = client.log({ ...options, select: LiveChangeFragmentDoc });
      return log;
    },
    nextFrame: (show) => void setTimeout(show, random.integer(0, 20)),
    lookEveryMs: 500,
  };
  const live = new LiveDeliveries(source, filter, firstPage);
  const entry: Watched = { live, filter, lies: [] };
  live.subscribe(() => {
    const { state, table } = live.snapshot;
    if (state === 'live' && (table === undefined || table.position < (log?.head ?? 0))) {
      entry.lies.push(`Live at ${table?.position}, and the log is known up to ${log?.head}`);
    }
  });
  watched.push(entry);
  live.start();
}

const drawFilter = (): DeliveryFilter => ({
  ...(random.next() < 0.5
    ? { status: [random.pick(['SUCCEEDED', 'DEAD_LETTER', 'RETRYING', 'PENDING'] as const)] }
    : {}),
  ...(random.next() < 0.3 ? { endpointId: [random.pick(endpointIds)] } : {}),
  ...(random.next() < 0.3 ? { eventType: [random.pick(types)] } : {}),
});

const acts = {
  publish: () =>
    publish(
      directly(),
      Array.from({ length: random.integer(1, 6) }, () => ({ type: random.pick(types), payload: {} })),
    ),
  more: () => random.pick(watched).live.loadMore(),
  cut: async () => proxy.cut(),
  silence: async () => proxy.silence(),
  breakOrMend: async () => {
    isBroken = !isBroken;
  },
  reload: async () => random.pick(watched).live.start(),
  watchAnother: async () => {
    if (watched.length < 8) watch(drawFilter());
  },
  purge: () =>
    ask(directly(), 'mutation ($id: ID!) { purgeDeliveries(input: { endpointId: $id }) { __typename } }', {
      id: random.pick(endpointIds),
    }),
  restart,
};
type Act = keyof typeof acts;
/** Publishing is what there is most of; what takes long is rare. */
const drawn: readonly Act[] = [
  ...Array<Act>(9).fill('publish'),
  ...Array<Act>(6).fill('more'),
  ...Array<Act>(3).fill('cut'),
  ...Array<Act>(3).fill('breakOrMend'),
  ...Array<Act>(2).fill('watchAnother'),
  'silence',
  'reload',
  'purge',
  'restart',
];

/** While there is no server, nobody says Live. */
async function restart(): Promise<void> {
  await server.stop();
  await expect
    .poll(() => watched.filter(({ live }) => live.snapshot.state === 'live').length, { timeout: 30_000 })
    .toBe(0);
  const stops = watched.map(({ live, lies }) =>
    live.subscribe(() => {
      if (live.snapshot.state === 'live') lies.push('Live without a server');
    }),
  );
  // They have tried to come again by then.
  const tried = proxy.connections();
  await expect.poll(() => proxy.connections(), { timeout: 30_000 }).toBeGreaterThan(tried + 2);
  for (const stop of stops) stop();
  server = await stage.startServer({ ...settings, PORT: new URL(server.origin).port });
}

/** What the API answers for the filter, all pages of it. A silent connection would hold a question back for a minute. */
async function answered(filter: DeliveryFilter) {
  const api = connect({ url: server.origin, token: caller.token });
  const rows = [];
  for (let after: string | undefined; ; ) {
    const { deliveries } = await api.query(DeliveriesPageDocument, { filter, first: 100, after });
    rows.push(...deliveries.nodes);
    if (!deliveries.pageInfo.hasNextPage) return rows;
    after = deliveries.pageInfo.endCursor ?? undefined;
  }
}

/** Nothing is published meanwhile: each table soon equals what the API answers, whatever still waits for its turn. */
async function compare(): Promise<void> {
  const { logHead } = await ask<{ logHead: number }>(directly(), '{ logHead }');
  for (const { live, filter } of watched) {
    await expect
      .poll(
        async () => {
          const { state, table } = live.snapshot;
          if (
            state !== 'live' ||
            table === undefined ||
            table.position < logHead ||
            table.kept !== undefined
          ) {
            return `${state} at ${table?.position}, ${String(live.snapshot.error)}`;
          }
          const all = await answered(filter);
          const { oldest, rows } = table;
          const expected = oldest === undefined ? all : all.filter(({ id }) => id >= oldest);
          return isDeepStrictEqual(rows, expected) ? 'equal' : { rows, expected };
        },
        // Between two tries of a client that was cut off several times, up to 15 s go by.
        { timeout: 120_000, message: `${JSON.stringify(filter)}, SEED=${random.seed}` },
      )
      .toBe('equal');
  }
}

test(`it ends equal to what the API answers, SEED=${random.seed}`, { timeout: 600_000 }, async () => {
  for (const filter of [
    {},
    { status: ['SUCCEEDED' as const] },
    { status: ['DEAD_LETTER' as const, 'FAILED' as const] },
  ]) {
    watch(filter);
  }
  for (let step = 1; step <= steps; step += 1) {
    const act = step === 20 ? 'restart' : step === 24 ? 'purge' : random.pick(drawn);
    await acts[act]().catch((error: unknown) => {
      // A request may be cut off like everything else.
      if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
    });
    if (step % 15 === 0) await compare();
  }
  expect(watched.flatMap(({ lies }) => lies)).toEqual([]);
  expect(watched.length).toBeGreaterThanOrEqual(3);
});
