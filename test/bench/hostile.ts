import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, type Caller, publish, registerEventType } from '../support/client.ts';
import { startServer } from '../support/server-process.ts';
import { createTokenIssuer } from '../support/tokens.ts';
import { hostileRequests, hostileTypes } from './hostile-requests.ts';

/**
 * `npm run bench:hostile` measures how much an attacker affects another tenant. A process of its own sends one kind of
 * hostile request after another (three at a time without a pause). Meanwhile a quiet tenant publishes and reads a
 * hundred times, and the health of the process is checked. Neither may take 250 ms longer than without the attack
 * (p99, the second of a hundred), and the memory must be released. Arguments: parts of the names of the attacks to
 * run.
 */
const ordinaryRequests = 100;
const hostileAtOnce = 3;
const mostAddedMs = 250;
const mostKeptMegabytes = 150;
const settleMs = 3_000;
const asked = process.argv.slice(2);

const dataDir = mkdtempSync(join(tmpdir(), 'heliograph-hostile-'));
const issuer = await createTokenIssuer();
const server = await startServer({
  ...issuer.environment,
  DATA_DIR: dataDir,
  PORT: '0',
  TRUSTED_PROXIES: '127.0.0.0/8',
});
const { origin } = server;
let failed = false;
try {
  const service = { origin, token: await issuer.sign({ kind: 'service', tenant: undefined }) };
  await registerEventType(service, { name: 'order.paid', example: { n: 1 } });
  for (const type of hostileTypes) await registerEventType(service, type);
  const quiet = { origin, token: await issuer.sign({ tenant: 'quiet' }) };
  const rude = { origin, token: await issuer.sign({ tenant: 'rude' }) };
  for (let page = 0; page < 20; page += 1) await publishSome(rude, 50);
  await measure(quiet);
  const usual = await measure(quiet);
  const before = await memory();
  print('nothing else', usual, `${before} MB`);
  for (const name of Object.keys(hostileRequests)) {
    if (asked.length > 0 && !asked.some((part) => name.includes(part))) continue;
    failed = !(await isHeld({ name, quiet, rude, usual })) || failed;
  }
  await delay(settleMs);
  const after = await memory();
  console.log(`memory ${before} MB before, ${after} MB after, at most ${mostKeptMegabytes} MB more`);
  failed = after - before > mostKeptMegabytes || failed;
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;

async function isHeld(run: {
  name: string;
  quiet: Caller;
  rude: Caller;
  usual: Latencies;
}): Promise<boolean> {
  const { name, usual, rude } = run;
  const sender = fork(new URL('./hostile-sender.ts', import.meta.url));
  sender.send({ name, to: { origin: rude.origin, token: rude.token }, atOnce: hostileAtOnce });
  await once(sender, 'message');
  const felt = await measure(run.quiet);
  const during = await memory();
  sender.send('end');
  const [sent] = await once(sender, 'message');
  const isGood = (['ordinary', 'health'] as const).every(
    (what) => percentile(felt[what], 99) <= percentile(usual[what], 99) + mostAddedMs,
  );
  print(name, felt, `${during} MB  x ${sent}${isGood ? '' : '  TOO SLOW'}`);
  return isGood;
}

type Latencies = Readonly<{ ordinary: readonly number[]; health: readonly number[] }>;

async function measure(caller: Caller): Promise<Latencies> {
  const ordinary: number[] = [];
  const health: number[] = [];
  for (let round = 0; round < ordinaryRequests; round += 1) {
    await Promise.all([
      timed(ordinary, () => (round % 2 === 0 ? publishSome(caller, 1) : readSome(caller))),
      timed(health, async () => {
        const response = await fetch(`${origin}/healthz`);
        if (!response.ok) throw new Error(`/healthz answered ${response.status}.`);
        await response.arrayBuffer();
      }),
    ]);
    await delay(10);
  }
  return { ordinary, health };
}

async function timed(times: number[], act: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  await act();
  times.push(performance.now() - startedAt);
}

function publishSome(caller: Caller, count: number): Promise<unknown> {
  return publish(
    caller,
    Array.from({ length: count }, (_, n) => ({ type: 'order.paid', payload: { n } })),
  );
}

function readSome(caller: Caller): Promise<unknown> {
  return ask(caller, '{ events(first: 5) { nodes { id } } }');
}

async function memory(): Promise<number> {
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  const bytes = Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]);
  return Math.round(bytes / 1_000_000);
}

function percentile(times: readonly number[], percent: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100) - 1)] ?? 0;
}

function print(name: string, { ordinary, health }: Latencies, rest: string): void {
  const shown = [ordinary, health].map((times) =>
    [50, 99, 100].map((percent) => percentile(times, percent).toFixed(0).padStart(5)).join(''),
  );
  console.log(`${name.padEnd(48)} ordinary${shown[0]}  health${shown[1]}  ms (p50, p99, max)  ${rest}`);
}
