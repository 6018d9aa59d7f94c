import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { floodEndpoint } from '../faults/flood.ts';
import { eventType, holds, Site } from '../faults/site.ts';
import { type Tenant, Traffic } from '../faults/traffic.ts';
import { type Caller, publish } from '../support/client.ts';

/**
 * `npm run bench:fairness` measures how much tenants affect each other. A quiet tenant publishes one event after
 * another, each as soon as the one before was received: first alone, then beside fifty endpoints that never answer,
 * then beside a tenant with 1,000,000 due deliveries to a receiver that takes 200 ms. It also measures the memory
 * that this queue takes. Before that, a tenant that has reached each of its limits goes on calling, five calls at a
 * time; this is compared with a tenant that makes as many small reads.
 */
const rounds = 5;
const eventsOfRound = 300;
const queued = 1_000_000;
/** Floods do not ask for this limit; calls do. */
const mostPending = 20_000;
const silentEndpoints = 50;
const queuedOfSilent = 200;
const slowAnswerMs = '200';
const settleMs = 5_000;
const mostRatio = { latency: 2, memory: 1.5 };

const site = await Site.open({
  workers: 1,
  environment: {
    DELIVERY_TIMEOUT_MS: '15000',
    RETRY_SCHEDULE: '0,60,600',
    MAX_PENDING_DELIVERIES_PER_TENANT: String(mostPending),
    MAX_ENDPOINTS_PER_TENANT: '60',
    MAX_API_KEYS_PER_TENANT: '20',
    MAX_APPS_PER_TENANT: '20',
    MAX_EVENT_TYPES: '20',
  },
});
const sinks: ChildProcess[] = [];
let failed = false;
try {
  const traffic = new Traffic(site);
  const quiet = await traffic.addTenant();
  const arrivals: Arrivals = { at: new Map(), waiting: new Map() };
  await traffic.addEndpoint(quiet, ({ eventId }, response) => {
    response.writeHead(204).end();
    arrivals.at.set(eventId, performance.now());
    arrivals.waiting.get(eventId)?.();
    return { status: 204, isProcessed: true };
  });
  await round(quiet, arrivals);
  await round(quiet, arrivals);

  const idle = await measure(quiet, arrivals);
  console.log(`idle                                  ${describe(idle)}`);

  const silentUrl = await sink('never');
  const silent = await traffic.addTenant();
  for (let made = 0; made < silentEndpoints; made += 1) {
    const { uuid } = await traffic.addEndpoint(silent, undefined, { url: silentUrl });
    await floodEndpoint(site, { tenant: silent.name, endpointId: uuid, count: queuedOfSilent });
  }
  await delay(settleMs);
  const beside = await measure(quiet, arrivals);
  console.log(`${silentEndpoints} endpoints that never answer       ${describe(beside, idle)}`);

  // Its own queue is at the limit already, with deliveries that stay.
  const full = await traffic.addTenant();
  const place = await traffic.addEndpoint(full, undefined, { url: silentUrl });
  await floodEndpoint(site, { tenant: full.name, endpointId: place.uuid, count: mostPending });
  const besideReads = await besideCaller(quiet, arrivals, { caller: full.caller, reads: true });
  console.log(`a tenant that reads, five at a time   ${describe(besideReads.measured)}`);
  const besideLimits = await besideCaller(quiet, arrivals, { caller: full.caller, reads: false });
  console.log(
    `a tenant at each of its limits        ${describe(besideLimits.measured, besideReads.measured)}`,
  );
  console.log(
    `  which was refused ${besideLimits.refused} times meanwhile, and not refused ${besideLimits.taken} times`,
  );

  const busy = await traffic.addTenant();
  const { uuid } = await traffic.addEndpoint(busy, undefined, { url: await sink(slowAnswerMs) });
  await floodEndpoint(site, { tenant: busy.name, endpointId: uuid, count: queued });
  await delay(settleMs);
  const before = await dueTo(uuid);
  const began = performance.now();
  const loaded = await measure(quiet, arrivals);
  const perSecond = ((before - (await dueTo(uuid))) / (performance.now() - began)) * 1000;
  console.log(`${queued.toLocaleString('en')} due for one tenant       ${describe(loaded, idle)}`);
  console.log(`  which was served meanwhile: ${Math.round(perSecond)} deliveries a second`);
} finally {
  for (const child of sinks) child.disconnect();
  await site.close();
}
process.exit(failed ? 1 : 0);

type Arrivals = Readonly<{ at: Map<string, number>; waiting: Map<string, () => void> }>;
type Measured = Readonly<{ p50: number; p99: number; rssBytes: number }>;

async function besideCaller(
  tenant: Tenant,
  arrivals: Arrivals,
  order: Readonly<{ caller: Caller; reads: boolean }>,
): Promise<{ measured: Measured; refused: number; taken: number }> {
  const sender = fork(new URL('./limits-sender.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
  sender.send({ ...order, type: eventType });
  await once(sender, 'message');
  await delay(settleMs);
  const measured = await measure(tenant, arrivals);
  sender.send('end');
  const [{ refused, taken }] = await once(sender, 'message');
  return { measured, refused, taken };
}

async function measure(tenant: Tenant, arrivals: Arrivals): Promise<Measured> {
  const all: Measured[] = [];
  for (let done = 0; done < rounds; done += 1) all.push(await round(tenant, arrivals));
  const middle = (of: (one: Measured) => number) => all.map(of).sort((a, b) => a - b)[rounds >> 1] ?? 0;
  return {
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    rssBytes: middle(({ rssBytes }) => rssBytes),
  };
}

async function round(tenant: Tenant, arrivals: Arrivals): Promise<Measured> {
  const times: number[] = [];
  for (let sent = 0; sent < eventsOfRound; sent += 1) {
    const began = performance.now();
    const [published] = await publish(tenant.caller, [
      { type: eventType, payload: { sent }, idempotencyKey: randomBytes(8).toString('hex') },
    ]);
    const id = published?.event.id ?? '';
    // The event may arrive before its publisher has the answer.
    if (!arrivals.at.has(id)) await new Promise<void>((resolve) => arrivals.waiting.set(id, resolve));
    times.push((arrivals.at.get(id) ?? 0) - began);
    arrivals.at.delete(id);
    arrivals.waiting.delete(id);
  }
  times.sort((a, b) => a - b);
  return {
    p50: times[times.length >> 1] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    rssBytes: holds(site.one('worker').pid).rssBytes,
  };
}

async function sink(pace: string): Promise<string> {
  const child = fork(new URL('./sink.ts', import.meta.url), [pace], { execArgv: ['--import', 'tsx'] });
  sinks.push(child);
  const [{ port }] = await once(child, 'message');
  return `http://127.0.0.1:${port}/`;
}

async function dueTo(endpointId: string): Promise<number> {
  const [row] = await site.sql<{ n: number }>('select count(*)::int as n from due where endpoint_id = $1', [
    endpointId,
  ]);
  return row?.n ?? 0;
}

function describe({ p50, p99, rssBytes }: Measured, idle?: Measured): string {
  const figures = `p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(1)} ms   worker ${Math.round(rssBytes / 1e6)} MB`;
  if (idle === undefined) return figures;
  const ratios = { latency: p99 / idle.p99, memory: rssBytes / idle.rssBytes };
  if (ratios.latency > mostRatio.latency || ratios.memory > mostRatio.memory) failed = true;
  return `${figures}   p99 ×${ratios.latency.toFixed(2)} (at most ${mostRatio.latency}), memory ×${ratios.memory.toFixed(2)} (at most ${mostRatio.memory})`;
}
