import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Registry } from 'prom-client';
import { findLayout } from '../../src/db/find-layout.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender } from '../../src/egress/send.ts';
import { EngineMetrics } from '../../src/engine/engine-metrics.ts';
import { Worker } from '../../src/engine/worker.ts';
import { createLogger } from '../../src/log.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import { citusUrl, createCitusDatabase, nodesOf } from '../support/citus.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { postgresCpuMicros } from './cpu.ts';

/**
 * `npm run bench:citus` compares plain PostgreSQL with Citus on one machine: the same server as a plain database, as a
 * cluster of one node, and as a coordinator with two worker nodes and more. CITUS_URL names a coordinator on this machine. CPU is
 * that of all PostgreSQL servers together, so it shows what the way over the coordinator costs, not what more machines
 * gain.
 */
const owners = 8;
const endpointsOfOwner = 2;
const perEndpoint = 600;
const perStatement = 200;
const total = owners * endpointsOfOwner * perEndpoint;
const singles = 300;
const rounds = Number(process.argv[2] ?? 2);

const cluster = new URL(citusUrl ?? '');
const nodes = await nodesOf(cluster);
const dirs = await Promise.all(nodes.map(dataDirectory));
const sink = fork(new URL('./sink.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
const [{ port }] = await once(sink, 'message');
const logger = createLogger('warn');
const sender = createSender({
  guard: new AddressGuard(['127.0.0.1/32']),
  requireHttps: false,
  maxResponseBytes: 65_536,
  keptResponseBytes: 4_096,
});

console.log(
  `${total} deliveries, ${rounds} rounds; µs of CPU are of all PostgreSQL servers (of the coordinator), for each delivery`,
);
console.log(
  ['database', 'store /s', 'µs', 'one event p50 ms', 'µs', 'deliver /s', 'µs', 'this process µs', 'idle µs/s']
    .map((word) => word.padStart(17))
    .join(''),
);
for (let round = 0; round < rounds; round += 1) {
  await bench('plain', await plainDatabase());
  await bench('Citus, 1 node', await createCitusDatabase(name(), { workers: 0 }));
  for (let workers = 2; workers < nodes.length; workers += 1)
    await bench(`Citus, ${workers} nodes`, await createCitusDatabase(name(), { workers }));
}
await notifications();
sink.disconnect();
await sender.close();
process.exit(0);

function name(): string {
  return `heliograph_bench_${randomBytes(4).toString('hex')}`;
}

async function plainDatabase() {
  const made = name();
  const url = new URL(cluster);
  url.pathname = `/${made}`;
  await onCluster(`create database ${made}`);
  await migrate(url.href);
  return { url: url.href, drop: () => onCluster(`drop database ${made} with (force)`) };
}

async function bench(label: string, { url, drop }: { url: string; drop(): Promise<void> }): Promise<void> {
  const layout = await findLayout(url);
  const database = openDatabase({
    ...{ url, logger, layout, prepared: true },
    engineConnections: 10,
    apiConnections: 4,
  });
  await createPartitions(database.api, partitionedTables, Date.now());
  const secrets = new SigningSecrets(new SecretBox([{ id: 'bench', key: randomBytes(32) }]));
  const lanes: { ownerId: string; endpointId: string }[] = [];
  for (let owner = 0; owner < owners; owner += 1) {
    const made = await seedOwner(database, {
      url: `http://127.0.0.1:${port}/`,
      endpoints: endpointsOfOwner,
    });
    for (const endpointId of made.endpointIds) {
      const lane = { ownerId: made.ownerId, endpointId };
      await database.query.transaction().execute((trx) => secrets.create(trx, lane));
      lanes.push(lane);
    }
  }
  const store = await measure(total, () => storeAll(database, lanes));
  const times: number[] = [];
  const single = await measure(singles, async () => {
    for (let made = 0; made < singles; made += 1) {
      const { ownerId, endpointId } = lanes[made % lanes.length] ?? { ownerId: '', endpointId: '' };
      const began = performance.now();
      await seedDeliveries(database, ownerId, endpointId, 1);
      times.push(performance.now() - began);
    }
  });
  const worker = new Worker({
    config: { retrySchedule: [0, 5], deliveryTimeoutMs: 15_000, requireVerification: true },
    ...{ database, directUrl: url, logger, sender, secrets, metrics: new EngineMetrics(new Registry()) },
  });
  const deliver = await measure(total + singles, async () => {
    worker.start();
    for (;;) {
      const { rows } = await database.api.query<{ left: number }>(
        'select count(*)::integer as left from due',
      );
      if (rows[0]?.left === 0) return;
      await delay(50);
    }
  });
  await delay(2_000);
  const idle = await measure(3, () => delay(3_000));
  await worker.stop(2_000);
  await database.close();
  await drop();
  const p50 = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  const cells = [
    ...[label, store.perSecond, shares(store), p50.toFixed(1), shares(single)],
    ...[deliver.perSecond, shares(deliver), deliver.ownMicros, shares(idle)],
  ];
  console.log(cells.map((cell) => String(cell).padStart(17)).join(''));
}

/** All servers, and of it the coordinator. */
function shares(of: { postgresMicros: number; coordinatorMicros: number }): string {
  return `${of.postgresMicros} (${of.coordinatorMicros})`;
}

/** Four at a time, as the publishers of some processes would. */
async function storeAll(
  database: Database,
  lanes: readonly { ownerId: string; endpointId: string }[],
): Promise<void> {
  const left = lanes.flatMap((lane) => Array.from({ length: perEndpoint / perStatement }, () => lane));
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let lane = left.pop(); lane !== undefined; lane = left.pop()) {
        await seedDeliveries(database, lane.ownerId, lane.endpointId, perStatement);
      }
    }),
  );
}

async function measure(count: number, act: () => Promise<void>) {
  const began = performance.now();
  const before = serverMicros();
  const coordinatorBefore = serverMicros(dirs.slice(0, 1));
  const own = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(own);
  return {
    perSecond: Math.round((count / (performance.now() - began)) * 1000),
    postgresMicros: Math.round((serverMicros() - before) / count),
    coordinatorMicros: Math.round((serverMicros(dirs.slice(0, 1)) - coordinatorBefore) / count),
    ownMicros: Math.round((user + system) / count),
  };
}

/** NOTIFY goes over the coordinator: what it takes with so many processes that all send and listen. */
async function notifications(): Promise<void> {
  for (const processes of [1, 10, 40]) {
    const clients = await Promise.all(
      Array.from({ length: processes * 2 }, async () => {
        const client = new pg.Client({ connectionString: cluster.href });
        await client.connect();
        return client;
      }),
    );
    let received = 0;
    const latencies: number[] = [];
    for (const client of clients.slice(0, processes)) {
      client.on('notification', ({ payload }) => {
        received += 1;
        latencies.push(performance.now() - Number(payload));
      });
      await client.query('listen bench');
    }
    const until = performance.now() + 3_000;
    let sent = 0;
    const before = serverMicros();
    await Promise.all(
      clients.slice(processes).map(async (client) => {
        await client.query('set synchronous_commit = off');
        while (performance.now() < until) {
          await client.query('select pg_notify($1, $2)', ['bench', String(performance.now())]);
          sent += 1;
          await delay(2);
        }
      }),
    );
    const micros = serverMicros() - before;
    const p50 = latencies.sort((a, b) => a - b)[Math.floor(latencies.length / 2)] ?? 0;
    console.log(
      `NOTIFY, ${processes} processes: ${Math.round(sent / 3)} sent /s, ${Math.round(received / 3)} received /s, p50 ${p50.toFixed(1)} ms, ${Math.round(micros / sent)} µs of CPU each`,
    );
    await Promise.all(clients.map((client) => client.end()));
  }
}

function serverMicros(of: readonly string[] = dirs): number {
  return of.reduce((sum, dir) => sum + postgresCpuMicros(dir), 0);
}

async function dataDirectory(url: URL): Promise<string> {
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query<{ data_directory: string }>('show data_directory');
  await client.end();
  return rows[0]?.data_directory ?? '';
}

async function onCluster(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.href });
  await client.connect();
  await client.query(sql);
  await client.end();
}
