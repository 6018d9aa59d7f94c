import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  type Caller,
  createEndpoint,
  type EventToPublish,
  listDeliveries,
  listEvents,
  type NewEndpoint,
  type Published,
  publish,
  registerEventType,
} from '../support/client.ts';
import {
  type Follower,
  followOverWebSocket,
  isTerminal,
  readLog,
  type SeenChange,
  statusesOf,
} from '../support/follower.ts';
import { eventTypesOf, readGitHubEvents } from '../support/github-events.ts';
import type { Receiver } from '../support/receiver.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * The program is killed while publishers wait for answers, a receiver has open requests, and most deliveries are
 * waiting. A new process over the same database takes over, and publishers repeat the calls that got no answer.
 */
const eventsPerCall = 14;

type Call = readonly (EventToPublish & { idempotencyKey: string; payloadText: string })[];

let stage: Stage;
let caller: Caller;
let prompt: { receiver: Receiver; endpoint: NewEndpoint };
let slow: { receiver: Receiver; endpoint: NewEndpoint };
/** The requests that the slow receiver has not answered; undefined once it answers at once. */
let unanswered: ServerResponse[] | undefined = [];
let calls: Call[];
/** The answers by idempotency key: from before the crash, and from when everything was published again. */
const acknowledged = new Map<string, Published>();
const repeated = new Map<string, Published>();
let failedCalls = 0;
let queuedAfterRestart: number;
let idsInFlight: string[];
let seen: SeenChange[];
let positionBeforeCrash: number;
let changes: SeenChange[];

beforeAll(async () => {
  stage = await openStage();
  // However long the publishing takes, what is under way at the crash has not failed before.
  const first = await stage.startServer({ DELIVERY_TIMEOUT_MS: '60000' });
  caller = await stage.callerOf(first);
  await prepare();
  let follower = await followOverWebSocket(caller, 0);
  const calm = calls.slice(0, (calls.length * 2) / 3);
  const busy = calls.slice(calm.length);
  for (const call of calm) await publishNoting(call, acknowledged);
  // Attempts that last longer than a second are running.
  await follower.until((all) => all.some(({ status }) => status === 'DELIVERING'));
  await publishUntilKilled(busy, first.kill);
  await expect(follower.until(() => false)).rejects.toThrow();
  seen = [...follower.changes];
  positionBeforeCrash = seen.at(-1)?.position ?? 0;
  idsInFlight = slow.receiver.received.map(({ headers }) => String(headers['webhook-id']));

  const second = await stage.startServer();
  caller = { ...caller, origin: second.origin };
  queuedAfterRestart = await countUnfinished();
  answerEverything();
  for (const call of calls) await publishNoting(call, repeated);
  follower = await followOverWebSocket(caller, positionBeforeCrash);
  await untilAllEnded(follower);
  seen.push(...follower.changes);
  await follower.stop();
  changes = await readLog(caller, 0);
});
afterAll(() => stage.close());

test('it was killed with publishers unanswered, requests open and at least 600 deliveries queued', () => {
  expect(failedCalls).toBeGreaterThan(0);
  expect(idsInFlight.length).toBeGreaterThan(0);
  expect(queuedAfterRestart).toBeGreaterThanOrEqual(600);
});

test('what was acknowledged before the crash is the same event when it is published again', () => {
  expect(acknowledged.size).toBeGreaterThan(0);
  for (const [key, { event, deliveryCount }] of acknowledged) {
    expect(repeated.get(key)).toEqual({ event, deliveryCount, isDuplicate: true });
  }
});

test('each idempotency key means one event, whether its first publish was answered or not', async () => {
  const keys = calls.flat().map(({ idempotencyKey }) => idempotencyKey);
  const events = await listEvents(caller);
  expect(events.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual([...keys].sort());
  expect(new Set([...repeated.values()].map(({ event }) => event.id)).size).toBe(keys.length);
});

test('every event arrives at every endpoint, under one webhook-id and with the bytes that were published', () => {
  const expected = new Map(
    calls.flat().map(({ idempotencyKey, payloadText }) => [idOf(idempotencyKey), payloadText]),
  );
  for (const { receiver, endpoint } of [prompt, slow]) {
    const webhook = new Webhook(endpoint.secret);
    const arrived = new Map<string, string>();
    for (const { headers, body } of receiver.received) {
      webhook.verify(body, headers);
      const id = String(headers['webhook-id']);
      expect(arrived.get(id) ?? body).toBe(body);
      arrived.set(id, body);
    }
    expect(new Set(arrived.keys())).toEqual(new Set(expected.keys()));
    for (const [id, body] of arrived) expect(body.endsWith(`,"data":${expected.get(id)}}`)).toBe(true);
  }
});

test('only what was under way at the crash is sent twice', () => {
  const ids = slow.receiver.received.map(({ headers }) => String(headers['webhook-id']));
  const twice = ids.filter((id, index) => ids.indexOf(id) < index);
  expect(new Set(twice)).toEqual(new Set(idsInFlight));
  expect(twice).toHaveLength(idsInFlight.length);
});

test('an attempt that the crash interrupted is recorded as such, and does not count', async () => {
  const [id = ''] = idsInFlight;
  const { event } = await ask<{ event: { deliveries: { nodes: Attempted[] } } }>(
    caller,
    'query ($id: ID!) { event(id: $id) { deliveries { nodes { endpoint { id } attemptCount attempts { number outcome } } } } }',
    { id },
  );
  const delivery = event.deliveries.nodes.find(({ endpoint }) => endpoint.id === slow.endpoint.id);
  expect(delivery).toMatchObject({
    attemptCount: 1,
    attempts: [{ outcome: 'INTERRUPTED' }, { outcome: 'SUCCEEDED' }],
  });
});

test('the log is dense across the crash and replays to the current status of every delivery', async () => {
  const deliveries = await listDeliveries(caller);
  expect(deliveries).toHaveLength(calls.flat().length * 2);
  expect(new Set(deliveries.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
  expect(changes.map(({ position }) => position)).toEqual(changes.map((_, index) => index + 1));
  expect(statusesOf(changes)).toEqual(new Map(deliveries.map(({ id, status }) => [id, status])));
});

test('a subscriber that the crash cut off resumes behind what it had and misses nothing', () => {
  expect(positionBeforeCrash).toBeGreaterThan(0);
  expect(positionBeforeCrash).toBeLessThan(changes.length);
  expect(seen).toEqual(changes.slice(0, seen.length));
});

type Attempted = { endpoint: { id: string }; attemptCount: number; attempts: { outcome: string }[] };

async function prepare(): Promise<void> {
  const githubEvents = readGitHubEvents();
  for (const type of eventTypesOf(githubEvents)) await registerEventType(caller, type);
  const events = ['first', 'second', 'third'].flatMap((round) =>
    githubEvents.map(({ type, payload }, index) => ({
      type,
      payloadText: JSON.stringify(payload),
      idempotencyKey: `${round} ${index}`,
    })),
  );
  calls = [];
  for (let from = 0; from < events.length; from += eventsPerCall) {
    calls.push(events.slice(from, from + eventsPerCall));
  }
  const promptReceiver = await stage.startReceiver();
  const slowReceiver = await stage.startReceiver({
    answer(_request, response) {
      if (unanswered === undefined) response.writeHead(204).end();
      else unanswered.push(response);
    },
  });
  prompt = { receiver: promptReceiver, endpoint: await listen(promptReceiver) };
  slow = { receiver: slowReceiver, endpoint: await listen(slowReceiver) };
}

const listen = (receiver: Receiver) => createEndpoint(caller, { url: receiver.url, events: ['*'] });

async function publishNoting(call: Call, answers: Map<string, Published>): Promise<void> {
  const published = await publish(caller, call);
  for (const [index, { idempotencyKey }] of call.entries()) {
    const answer = published[index];
    if (answer !== undefined) answers.set(idempotencyKey, answer);
  }
}

/** All calls at once. With the first answer the process dies during all the others. */
async function publishUntilKilled(busy: readonly Call[], kill: () => Promise<void>): Promise<void> {
  let killing: Promise<void> | undefined;
  await Promise.all(
    busy.map(async (call) => {
      try {
        await publishNoting(call, acknowledged);
        killing ??= kill();
      } catch {
        failedCalls += 1;
      }
    }),
  );
  await killing;
}

async function countUnfinished(): Promise<number> {
  const { deliveryCount } = await ask<{ deliveryCount: { count: number } }>(
    caller,
    '{ deliveryCount(filter: { status: [PENDING, DELIVERING, RETRYING] }) { count } }',
  );
  return deliveryCount.count;
}

function answerEverything(): void {
  for (const response of unanswered ?? []) response.writeHead(204).end();
  unanswered = undefined;
}

async function untilAllEnded(follower: Follower): Promise<void> {
  const total = calls.flat().length * 2;
  const ended = seen.filter(({ status }) => isTerminal(status)).length;
  await follower.until((all) => ended + all.filter(({ status }) => isTerminal(status)).length === total);
}

const idOf = (key: string) => repeated.get(key)?.event.id ?? '';
