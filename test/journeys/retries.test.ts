import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { type Follower, followOverWebSocket, isTerminal, type SeenChange } from '../support/follower.ts';
import type { Receiver } from '../support/receiver.ts';
import { openStage, type Stage } from '../support/stage.ts';

const jitter = 0.2;
/** Within one statement, the due time and the log's time are taken some milliseconds apart. */
const toleranceMs = 50;
/** How late an attempt may begin: the worker's time to find what is due, on a busy machine. */
const latenessMs = 15_000;
/** An attempt that lasts longer than a second is shown as DELIVERING. */
const slowAnswerMs = 1_500;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test('500 twice, then 200: RETRYING twice for the delays of the schedule, then SUCCEEDED', async () => {
  // Long enough for a query between two attempts.
  const scheduleSeconds = [0, 1, 2];
  const server = await stage.startServer({ RETRY_SCHEDULE: scheduleSeconds.join(',') });
  const caller = await stage.callerOf(server, { tenant: 'patient' });
  const receiver = await stage.startReceiver({
    answer: (_request, response, index) =>
      response.writeHead(index < 2 ? 500 : 200).end(index < 2 ? `not yet ${index}` : 'yes'),
  });
  const { follower, deliveryId } = await publishOne(caller, receiver);

  const waits: { from: string; until: string | null; plannedMs: number }[] = [];
  for (const number of [1, 2]) {
    await follower.until((changes) => retriesIn(changes).length === number);
    const { nextAttemptAt } = await readDelivery(caller, deliveryId);
    const from = retriesIn(follower.changes)[number - 1]?.occurredAt ?? '';
    waits.push({ from, until: nextAttemptAt, plannedMs: (scheduleSeconds[number] ?? 0) * 1_000 });
  }
  await follower.until((changes) => isTerminal(changes.at(-1)?.status ?? ''));
  const delivery = await readDelivery(caller, deliveryId);

  expect(follower.changes.map(outline)).toEqual([
    { status: 'PENDING', previousStatus: null, attemptNumber: 0, responseStatus: null },
    { status: 'RETRYING', previousStatus: 'PENDING', attemptNumber: 1, responseStatus: 500 },
    { status: 'RETRYING', previousStatus: 'RETRYING', attemptNumber: 2, responseStatus: 500 },
    { status: 'SUCCEEDED', previousStatus: 'RETRYING', attemptNumber: 3, responseStatus: 200 },
  ]);
  for (const [index, { from, until, plannedMs }] of waits.entries()) {
    const waitMs = millisecondsBetween(from, until);
    expect(waitMs).toBeGreaterThanOrEqual(plannedMs * (1 - jitter) - toleranceMs);
    expect(waitMs).toBeLessThanOrEqual(plannedMs * (1 + jitter) + toleranceMs);
    const lateMs = millisecondsBetween(until, delivery.attempts[index + 1]?.startedAt);
    expect(lateMs).toBeGreaterThanOrEqual(-toleranceMs);
    expect(lateMs).toBeLessThan(latenessMs);
  }
  expect(delivery).toMatchObject({
    status: 'SUCCEEDED',
    failureReason: null,
    attemptCount: 3,
    maxAttempts: 3,
    nextAttemptAt: null,
    attempts: [
      { number: 1, outcome: 'HTTP_STATUS', responseStatus: 500, responseBody: 'not yet 0' },
      { number: 2, outcome: 'HTTP_STATUS', responseStatus: 500, responseBody: 'not yet 1' },
      { number: 3, outcome: 'SUCCEEDED', responseStatus: 200, responseBody: 'yes', error: null },
    ],
  });
  expect(receiver.received).toHaveLength(3);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  await server.stop();
});

test('with RETRY_SCHEDULE=0,0 and always 500: DEAD_LETTER after exactly two attempts', async () => {
  const server = await stage.startServer({ RETRY_SCHEDULE: '0,0' });
  const caller = await stage.callerOf(server, { tenant: 'hasty' });
  const receiver = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(500).end(),
  });
  const { follower, deliveryId } = await publishOne(caller, receiver);
  await follower.until((changes) => isTerminal(changes.at(-1)?.status ?? ''));

  expect(follower.changes.map(outline)).toEqual([
    { status: 'PENDING', previousStatus: null, attemptNumber: 0, responseStatus: null },
    { status: 'RETRYING', previousStatus: 'PENDING', attemptNumber: 1, responseStatus: 500 },
    { status: 'DEAD_LETTER', previousStatus: 'RETRYING', attemptNumber: 2, responseStatus: 500 },
  ]);
  expect(await readDelivery(caller, deliveryId)).toMatchObject({
    status: 'DEAD_LETTER',
    failureReason: 'RETRIES_EXHAUSTED',
    attemptCount: 2,
    maxAttempts: 2,
    nextAttemptAt: null,
    attempts: [
      { number: 1, outcome: 'HTTP_STATUS' },
      { number: 2, outcome: 'HTTP_STATUS' },
    ],
  });
  // A change after the end would come before the end of the next event in the log.
  await publish(caller, [{ type: 'order.paid', payload: {} }]);
  await follower.until((changes) => changes.filter(({ status }) => status === 'DEAD_LETTER').length === 2);
  expect(follower.changes.filter((change) => change.deliveryId === deliveryId)).toHaveLength(3);
  expect(receiver.received).toHaveLength(4);
  await server.stop();
});

test('an attempt that lasts longer than a second shows as DELIVERING, a shorter one does not', async () => {
  const server = await stage.startServer();
  const caller = await stage.callerOf(server, { tenant: 'watchful' });
  const receiver = await stage.startReceiver({
    answer(_request, response, index) {
      if (index > 0) response.writeHead(204).end();
      else setTimeout(() => response.writeHead(204).end(), slowAnswerMs);
    },
  });
  const { follower } = await publishOne(caller, receiver);
  await follower.until((changes) => changes.at(-1)?.status === 'SUCCEEDED');
  await publish(caller, [{ type: 'order.paid', payload: {} }]);
  await follower.until((changes) => changes.filter(({ status }) => status === 'SUCCEEDED').length === 2);

  expect(follower.changes.map(({ status, previousStatus }) => [previousStatus, status])).toEqual([
    [null, 'PENDING'],
    ['PENDING', 'DELIVERING'],
    ['DELIVERING', 'SUCCEEDED'],
    [null, 'PENDING'],
    ['PENDING', 'SUCCEEDED'],
  ]);
  await server.stop();
});

type Delivery = Readonly<{
  status: string;
  nextAttemptAt: string | null;
  attempts: readonly Readonly<{ number: number; startedAt: string; outcome: string }>[];
}>;

/** Publishes one event to one new endpoint and watches it from its first change. */
async function publishOne(
  caller: Caller,
  receiver: Receiver,
): Promise<{ follower: Follower; deliveryId: string }> {
  const { eventType } = await ask<{ eventType: unknown }>(caller, '{ eventType(name: "order.paid") { id } }');
  if (eventType === null) await registerEventType(caller, { name: 'order.paid', example: {} });
  await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
  const follower = await followOverWebSocket(caller, 0);
  await publish(caller, [{ type: 'order.paid', payload: { order: 1 } }]);
  await follower.until((changes) => changes.length > 0);
  return { follower, deliveryId: follower.changes[0]?.deliveryId ?? '' };
}

async function readDelivery(caller: Caller, id: string): Promise<Delivery> {
  const { delivery } = await ask<{ delivery: Delivery }>(
    caller,
    `query ($id: ID!) {
       delivery(id: $id) {
         status failureReason attemptCount maxAttempts nextAttemptAt
         attempts { number startedAt outcome responseStatus responseBody error }
       }
     }`,
    { id },
  );
  return delivery;
}

const retriesIn = (changes: readonly SeenChange[]) => changes.filter(({ status }) => status === 'RETRYING');

const outline = ({ status, previousStatus, attemptNumber, responseStatus }: SeenChange) => ({
  status,
  previousStatus,
  attemptNumber,
  responseStatus,
});

const millisecondsBetween = (from: string | null | undefined, to: string | null | undefined) =>
  Date.parse(to ?? '') - Date.parse(from ?? '');
