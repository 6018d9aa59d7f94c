import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Registry } from 'prom-client';
import { Pool } from 'undici';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender } from '../../src/egress/send.ts';
import { EngineMetrics } from '../../src/engine/engine-metrics.ts';
import { Worker } from '../../src/engine/worker.ts';
import { createLogger } from '../../src/log.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { BareQueue } from './bare-queue.ts';
import { postgresCpuMicros } from './cpu.ts';
import { compareCheckouts } from './engine-against.ts';
import { profiled } from './engine-profile.ts';
import { compareSettings } from './engine-settings.ts';
import { installOtherQueues } from './other-queues.ts';
import { ProductRows, usualBody } from './product-rows.ts';

/**
 * `npm run bench:engine` measures how fast one worker empties a queue on a new database that was never analysed. It
 * compares this with three others over the same number of connections to the same receiver in the same minute: undici
 * alone, the bare sender, and a queue that was written by hand (`bare-queue.ts`). Each has done as much work before it is
 * measured, so that its code is compiled, as in a server that runs for longer than some seconds.
 *
 * `npm run bench:engine -- --profile` also prints what the work was made of. It makes the engine slower, so that its
 * figures count only among themselves.
 * `npm run bench:queues` also compares it with graphile-worker and pg-boss, which it installs for the run.
 * `npm run bench:engine -- --settings [ROUNDS]` compares endpoints with headers and a filter with endpoints without.
 * `npm run bench:engine -- --against FOLDER [ROUNDS]` compares this checkout with another one.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    settings: { type: 'boolean' },
    against: { type: 'string' },
    profile: { type: 'boolean' },
    queues: { type: 'boolean' },
  },
});
if (values.settings === true || values.against !== undefined) {
  const rounds = Number(positionals[0] ?? 5);
  if (values.against === undefined) await compareSettings(rounds);
  else await compareCheckouts(values.against, rounds);
  process.exit();
}

const owners = 8;
const endpointsOfOwner = 4;
const perEndpoint = 1_600;
const connections = 128;
const seededAtOnce = 200;
const total = owners * endpointsOfOwner * perEndpoint;

const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
const postgres = await startEmbeddedPostgres({ dir });
await migrate(postgres.url);
const logger = createLogger('warn');
const database = openDatabase({
  url: postgres.url,
  logger,
  prepared: true,
  engineConnections: 10,
  apiConnections: 4,
});
await createPartitions(database.api, partitionedTables, Date.now());
const sink = fork(new URL('./sink.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
const [{ port }] = await once(sink, 'message');
const url = `http://127.0.0.1:${port}/`;
const sender = createSender({
  guard: new AddressGuard(['127.0.0.1/32']),
  requireHttps: false,
  maxResponseBytes: 65_536,
  keptResponseBytes: 4_096,
});

const pool = new Pool(url, { connections, pipelining: 1 });
const alone = await measure(async () => {
  let left = total;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0)
        await (await pool.request({ method: 'POST', path: '/', body: usualBody })).body.dump();
    }),
  );
});
const queue = await BareQueue.create(postgres.url);
const byHand = await measure(() => queue.drain(pool), { prepare: () => queue.fill(total) });
await queue.check(2 * total);
const others: Record<string, Awaited<ReturnType<typeof measure>>> = {};
if (values.queues === true) {
  const rows = await ProductRows.create(postgres.url, { owners, endpoints: endpointsOfOwner });
  for (const [name, fill] of Object.entries(installOtherQueues(join(dir, 'queues')))) {
    let drain: Awaited<ReturnType<typeof fill>> | undefined;
    others[name] = await measure(async () => drain?.(rows, pool), {
      async prepare() {
        drain = await fill(rows.url, await rows.fill(total));
      },
    });
    await rows.check();
  }
  await rows.close();
}
await queue.close();
await pool.close();

const bare = await measure(async () => {
  let left = total;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await sender.send({ url, headers: () => ({}), body: usualBody, timeoutMs: 5_000 });
    }),
  );
});

const secrets = new SigningSecrets(new SecretBox([{ id: 'bench', key: randomBytes(32) }]));
const places: { ownerId: string; endpointId: string }[] = [];
for (let owner = 0; owner < owners; owner += 1) {
  const { ownerId, endpointIds } = await seedOwner(database, { url, endpoints: endpointsOfOwner });
  for (const endpointId of endpointIds) {
    await database.query.transaction().execute((trx) => secrets.create(trx, { ownerId, endpointId }));
    places.push({ ownerId, endpointId });
  }
}
const seed = async () => {
  for (let made = 0; made < total; made += places.length * seededAtOnce)
    for (const { ownerId, endpointId } of places)
      await seedDeliveries(database, ownerId, endpointId, seededAtOnce, usualBody);
};
const createWorker = () =>
  new Worker({
    config: { retrySchedule: [0, 5], deliveryTimeoutMs: 15_000, requireVerification: true },
    database,
    directUrl: postgres.url,
    logger,
    sender,
    secrets,
    metrics: new EngineMetrics(new Registry()),
  });
let worker: Worker | undefined;
const run = async () => {
  worker = createWorker();
  worker.start();
  for (;;) {
    const { rows } = await database.api.query<{ left: boolean }>('select exists (select from due) as left');
    if (rows[0]?.left === false) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const engine = await measure(
  (isMeasured) => (values.profile === true && isMeasured ? profiled(database, total, run) : run()),
  {
    // Stopped first, or it would send before the time is taken.
    async prepare() {
      await worker?.stop(2_000);
      await seed();
    },
  },
);
await worker?.stop(2_000);
console.log(`undici alone  ${alone.perSecond} /s   ${alone.cpuMicros} µs CPU each`);
console.log(
  `queue by hand ${byHand.perSecond} /s   ${byHand.cpuMicros} µs CPU each (this process) + ${byHand.postgresMicros} µs (PostgreSQL)`,
);
console.log(`bare sender   ${bare.perSecond} /s   ${bare.cpuMicros} µs CPU each`);
console.log(
  `engine        ${engine.perSecond} /s   ${engine.cpuMicros} µs CPU each (this process) + ${engine.postgresMicros} µs (PostgreSQL)`,
);
console.log(
  `engine / undici alone ${(engine.perSecond / alone.perSecond).toFixed(2)}, CPU ${(cpuOf(engine) / alone.cpuMicros).toFixed(2)}   engine / queue by hand ${(engine.perSecond / byHand.perSecond).toFixed(2)}, CPU ${(cpuOf(engine) / cpuOf(byHand)).toFixed(2)}`,
);
for (const [name, other] of Object.entries(others)) {
  console.log(
    `${name.padEnd(14)} ${other.perSecond} /s   ${other.cpuMicros} µs CPU each (this process) + ${other.postgresMicros} µs (PostgreSQL)   engine / ${name} ${(engine.perSecond / other.perSecond).toFixed(2)}, CPU ${(cpuOf(engine) / cpuOf(other)).toFixed(2)}`,
  );
}
console.log(`engine / bare ${(engine.perSecond / bare.perSecond).toFixed(2)}`);
sink.disconnect();
await sender.close();
await database.close();
await postgres.stop();
rmSync(dir, { recursive: true, force: true });

function cpuOf({ cpuMicros, postgresMicros }: { cpuMicros: number; postgresMicros: number }): number {
  return cpuMicros + postgresMicros;
}

/**
 * `act` does the whole work twice: first unmeasured, then measured. With less before, the engine's code would still be
 * compiled while it is measured.
 */
async function measure(
  act: (isMeasured: boolean) => Promise<void>,
  { prepare = async () => {} }: { prepare?: () => Promise<void> } = {},
): Promise<{ perSecond: number; cpuMicros: number; postgresMicros: number }> {
  await prepare();
  await act(false);
  await prepare();
  const began = performance.now();
  const postgresBefore = postgresCpuMicros(dir);
  const cpu = process.cpuUsage();
  await act(true);
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: Math.round((total / (performance.now() - began)) * 1000),
    cpuMicros: Math.round((user + system) / total),
    postgresMicros: Math.round((postgresCpuMicros(dir) - postgresBefore) / total),
  };
}
