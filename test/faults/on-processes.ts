import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Fault } from './fault.ts';
import { deliveryTimeoutMs, leaseMs, within } from './site.ts';
import type { Tenant, Traffic } from './traffic.ts';

const slowEndpoints = 8;

const shiftedClock = fileURLToPath(new URL('shifted-clock.mjs', import.meta.url));

/** Processes that die, stop, leave in order, or have a wrong clock. */
export const killWorkers = (times: number): Fault => ({
  name: `kill -9 of a worker, ${times} times`,
  mayDuplicate: true,
  async act({ site }) {
    for (let killed = 0; killed < times; killed += 1) {
      await site.kill(site.one('worker'));
      await site.start('worker');
      await delay(500);
    }
  },
});

export const killApi: Fault = {
  name: 'kill -9 of the API, 3 times',
  mayDuplicate: false,
  async act({ site }) {
    for (let killed = 0; killed < 3; killed += 1) {
      const old = site.one('api');
      await site.start('api');
      await site.kill(old);
      await delay(1_000);
    }
  },
};

export const rollingRestart = (times: number): Fault => ({
  name: `rolling SIGTERM, ${times} times`,
  mayDuplicate: false,
  async act({ site, blame }) {
    for (let stopped = 0; stopped < times; stopped += 1) {
      const role = stopped % 3 === 2 ? 'api' : 'worker';
      const old = site.one(role);
      await site.start(role);
      const code = await site.stop(old);
      if (code !== 0) blame(`a ${role} ended with ${code} after SIGTERM`);
    }
  },
});

/** For a while two processes hold one shard: one that sleeps past its lease, and its successor. */
export const sleepPastLease: Fault = {
  name: 'SIGSTOP for 2.5 leases, then SIGCONT',
  mayDuplicate: true,
  async act({ site, traffic }) {
    // In the middle of attempts: some are answered only after it sleeps.
    const tenant = await addSlowTenant(traffic);
    await traffic.publish(tenant, 20);
    await delay(deliveryTimeoutMs / 3);
    const { pid } = site.one('worker');
    process.kill(pid, 'SIGSTOP');
    await delay(leaseMs * 2.5);
    process.kill(pid, 'SIGCONT');
    await delay(3_000);
  },
};

export const killAfterGrace: Fault = {
  name: 'SIGTERM, then SIGKILL when the grace ends',
  mayDuplicate: true,
  async act({ site, traffic }) {
    const tenant = await addSlowTenant(traffic);
    for (let times = 0; times < 2; times += 1) {
      await traffic.publish(tenant, 20);
      await delay(200);
      const worker = site.one('worker');
      process.kill(worker.pid, 'SIGTERM');
      await delay(400);
      await site.kill(worker);
      await site.start('worker');
    }
  },
};

export const takenLeases: Fault = {
  name: 'two schedulers at once: every lease taken away, 5 times',
  mayDuplicate: true,
  async act({ site, traffic }) {
    const tenant = await addSlowTenant(traffic);
    for (let times = 0; times < 5; times += 1) {
      await traffic.publish(tenant, 10);
      await delay(200);
      await site.sql('update shard_lease set holder = null, expires_at = now()');
      await delay(1_500);
    }
  },
};

export const clockAhead: Fault = {
  name: "a worker's clock one hour ahead",
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    const tenant = await traffic.addTenant();
    const endpoint = await traffic.addEndpoint(tenant, (request, response) => {
      const status = request.seenBefore === 0 ? 503 : 204;
      response.writeHead(status).end();
      return { status, isProcessed: status === 204 };
    });
    // It does everything alone, so that nothing can be due to the others.
    const others = site.running('worker');
    await site.start('worker', { NODE_OPTIONS: `--import=${shiftedClock}` });
    for (const other of others) await site.stop(other);
    const made = await traffic.publish(tenant, 20);
    const delivered = () => site.ledger.entriesOf(endpoint.place).filter(({ status }) => status === 204);
    if (!(await within(15_000, () => delivered().length >= made.length))) {
      blame(`${delivered().length} of ${made.length} were delivered in time`);
    }
    const [worker] = site.running('worker');
    await site.start('worker');
    if (worker !== undefined) await site.stop(worker);
  },
};

/** Enough endpoints that every worker has some, and slow enough that each worker has a running attempt. */
async function addSlowTenant(traffic: Traffic): Promise<Tenant> {
  const tenant = await traffic.addTenant();
  for (let made = 0; made < slowEndpoints; made += 1) {
    await traffic.addEndpoint(tenant, async (_request, response) => {
      await delay(deliveryTimeoutMs / 2);
      response.writeHead(204).end();
      return { status: 204, isProcessed: true };
    });
  }
  return tenant;
}
