import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import {
  type Follower,
  followOverSse,
  followOverWebSocket,
  isTerminal,
  type SeenChange,
} from '../support/follower.ts';
import { readMetric } from '../support/metrics.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * Two API processes and two workers share only one database. While deliveries are running a third worker joins, and
 * later the first one leaves.
 */
const tenants = ['acme', 'globex', 'initech', 'umbrella'];
const endpointsPerTenant = 4;
const eventsPerTenant = 160;
const eventsPerCall = 20;
/** Slow enough for the workers to change while many deliveries are waiting. */
const maxDeliveriesPerSecond = 40;
const deliveriesPerTenant = eventsPerTenant * endpointsPerTenant;
const deliveries = deliveriesPerTenant * tenants.length;

let stage: Stage;
let receiver: Receiver;
let overWebSocket: Follower;
let overSse: Follower;
/** What one client saw in two sessions: over a WebSocket to one process, then over SSE to the other. */
let firstSitting: readonly SeenChange[];
let secondSitting: readonly SeenChange[];
let attemptsByWorker: { first: number; second: number; joined: number };

beforeAll(async () => {
  stage = await openStage();
  const [apiA, apiB, first, second] = await startAll(['api', 'api', 'worker', 'worker']);
  receiver = await stage.startReceiver();
  const callers = await Promise.all(
    tenants.map(async (tenant) => ({
      a: await stage.callerOf(apiA, { tenant }),
      b: await stage.callerOf(apiB, { tenant }),
    })),
  );
  const [acme] = callers;
  if (acme === undefined) throw new Error('There is no tenant.');
  await registerEventType(acme.a, { name: 'order.paid', example: { order: 1 } });
  for (const [index, { a }] of callers.entries()) await createEndpoints(a, index);

  await untilShards([first, 32], [second, 32]);
  overWebSocket = await followOverWebSocket(acme.a, 0);
  overSse = await followOverSse(acme.b, 0);
  const leaving = await followOverWebSocket(acme.a, 0);
  const publishing = Promise.all(callers.map(publishWave));
  await leaving.until((changes) => changes.length >= deliveriesPerTenant / 4);
  await leaving.stop();
  firstSitting = leaving.changes;
  const joined = await stage.startServer({ ROLE: 'worker' });
  // What two other workers, whose fair share is rounded up, leave of 64 shards.
  await untilShards([joined, 20]);
  await publishing;

  await Promise.all(callers.map(publishWave));
  await receiver.until((deliveries * 3) / 4);
  const attemptsOfFirst = await attemptsOf(first);
  await first.stop();

  const rest = await followOverSse(acme.b, firstSitting.at(-1)?.position);
  await Promise.all([overWebSocket, overSse].map((follower) => follower.until(isComplete)));
  await rest.until((changes) => isComplete([...firstSitting, ...changes]));
  secondSitting = rest.changes;
  await receiver.until(deliveries);
  attemptsByWorker = {
    first: attemptsOfFirst,
    second: await attemptsOf(second),
    joined: await attemptsOf(joined),
  };
  await rest.stop();
});
afterAll(() => stage.close());

test('every worker has sent: the first two, and the one that joined', () => {
  expect(attemptsByWorker.first).toBeGreaterThan(0);
  expect(attemptsByWorker.second).toBeGreaterThan(0);
  expect(attemptsByWorker.joined).toBeGreaterThan(0);
});

test('every event reaches every endpoint once: nothing is sent twice', () => {
  const sent = receiver.received.map(({ path, headers }) => `${path} ${headers['webhook-id']}`);
  expect(new Set(sent).size).toBe(deliveries);
  expect(sent).toHaveLength(deliveries);
});

test('subscribers of different processes and transports see the same sequence', () => {
  expect(overWebSocket.changes.filter(({ status }) => status === 'SUCCEEDED')).toHaveLength(
    deliveriesPerTenant,
  );
  expect(overSse.changes).toEqual(overWebSocket.changes);
});

test('a client that comes back with `after`, to another process and transport, gets exactly the rest', () => {
  expect(firstSitting.length).toBeLessThan(overWebSocket.changes.length);
  expect([...firstSitting, ...secondSitting]).toEqual(overWebSocket.changes);
});

test('all processes end cleanly', async () => {
  expect(await stage.stopServers()).toEqual([0, 0, 0, 0]);
});

async function startAll(roles: readonly string[]) {
  const [a, b, c, d] = await Promise.all(roles.map((ROLE) => stage.startServer({ ROLE })));
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error('A process is missing.');
  return [a, b, c, d] as const;
}

async function createEndpoints(caller: Caller, tenant: number): Promise<void> {
  for (let index = 0; index < endpointsPerTenant; index += 1) {
    const url = `${receiver.url}?tenant=${tenant}&endpoint=${index}`;
    await createEndpoint(caller, { url, events: ['*'], maxDeliveriesPerSecond });
  }
}

/** Publishes half of a tenant's events. Calls go to both processes in turn. */
async function publishWave({ a, b }: { a: Caller; b: Caller }): Promise<void> {
  for (let from = 0; from < eventsPerTenant / 2; from += eventsPerCall) {
    const events = Array.from({ length: eventsPerCall }, (_, index) => ({
      type: 'order.paid',
      payload: { order: from + index },
    }));
    await publish((from / eventsPerCall) % 2 === 0 ? a : b, events);
  }
}

function isComplete(changes: readonly SeenChange[]): boolean {
  return changes.filter(({ status }) => isTerminal(status)).length === deliveriesPerTenant;
}

async function untilShards(...expected: readonly (readonly [ServerProcess, number])[]): Promise<void> {
  for (const [worker, count] of expected) {
    await vi.waitUntil(async () => (await readMetric(worker, 'heliograph_shards')) === count, {
      timeout: 20_000,
      interval: 50,
    });
  }
}

function attemptsOf(worker: ServerProcess): Promise<number> {
  return readMetric(worker, 'heliograph_attempts_total');
}
