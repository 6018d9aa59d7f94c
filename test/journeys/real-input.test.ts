import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Caller,
  createEndpoint,
  type EventToPublish,
  listDeliveries,
  type NewEndpoint,
  publish,
  registerEventType,
} from '../support/client.ts';
import {
  followOverWebSocket,
  isTerminal,
  readLog,
  type SeenChange,
  statusesOf,
} from '../support/follower.ts';
import { eventTypesOf, readGitHubEvents } from '../support/github-events.ts';
import type { Received, Receiver } from '../support/receiver.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * Sends every payload that GitHub documents for its webhooks from a publisher through the running program to three
 * receivers: one that receives all, one that receives a category, and one that receives a type.
 */
const eventsPerCall = 100;
const category = 'pull_request';
const oneType = 'issues.opened';

/** A published event, with the exact text that must reach the receivers. */
type Sent = Readonly<{ id: string; type: string; text: string }>;
type Listener = Readonly<{ receiver: Receiver; endpoint: NewEndpoint }>;

const githubEvents = readGitHubEvents();
let stage: Stage;
let caller: Caller;
let sent: Sent[];
let all: Listener;
let ofCategory: Listener;
let ofType: Listener;
let changes: SeenChange[];

beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer();
  caller = await stage.callerOf(server);
  for (const type of eventTypesOf(githubEvents)) await registerEventType(caller, type);
  all = await listen('*');
  ofCategory = await listen(`${category}.*`);
  ofType = await listen(oneType);
  sent = await publishAll();
  await all.receiver.until(sent.length);
  await ofCategory.receiver.until(sent.filter(isOfCategory).length);
  await ofType.receiver.until(sent.filter(({ type }) => type === oneType).length);
  await untilAllEnded();
  changes = await readLog(caller, 0);
});
afterAll(() => stage.close());

test('58 kinds of events with 329 payloads make 161 event types', () => {
  expect(new Set(githubEvents.map(({ type }) => type.split('.', 1)[0])).size).toBe(58);
  expect(githubEvents).toHaveLength(329);
  expect(eventTypesOf(githubEvents)).toHaveLength(161);
});

test('an endpoint of `*` gets every event, exactly as published', () => {
  expectExactly(all, sent);
});

test('an endpoint of a category gets the events of its types alone, exactly as published', () => {
  const wanted = sent.filter(isOfCategory);
  expect(wanted.length).toBeGreaterThan(10);
  expectExactly(ofCategory, wanted);
});

test('an endpoint of one type gets the events of this type alone, exactly as published', () => {
  const wanted = sent.filter(({ type }) => type === oneType);
  expect(wanted.length).toBeGreaterThan(1);
  expectExactly(ofType, wanted);
});

test("the receivers' library verifies every signature, and refuses another endpoint's", () => {
  for (const { receiver, endpoint } of [all, ofCategory, ofType]) {
    const webhook = new Webhook(endpoint.secret);
    for (const { body, headers } of receiver.received) {
      expect(webhook.verify(body, headers)).toEqual(JSON.parse(body));
    }
  }
  const [stolen] = ofType.receiver.received;
  if (stolen === undefined) throw new Error('Nothing came.');
  expect(() => new Webhook(all.endpoint.secret).verify(stolen.body, stolen.headers)).toThrow();
});

test('the log is dense, and replaying it gives the current status of every delivery', async () => {
  const deliveries = await listDeliveries(caller);
  const expected = [all, ofCategory, ofType].reduce((sum, { receiver }) => sum + receiver.received.length, 0);
  expect(deliveries).toHaveLength(expected);
  expect(changes.map(({ position }) => position)).toEqual(changes.map((_, index) => index + 1));
  expect(statusesOf(changes)).toEqual(new Map(deliveries.map(({ id, status }) => [id, status])));
  expect(new Set(deliveries.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
});

test('every delivery begins once, PENDING, and each change starts where the one before it ended', () => {
  const now = new Map<string, string>();
  for (const { deliveryId, status, previousStatus } of changes) {
    expect(previousStatus).toBe(now.get(deliveryId) ?? null);
    if (previousStatus === null) expect(status).toBe('PENDING');
    now.set(deliveryId, status);
  }
});

async function listen(pattern: string): Promise<Listener> {
  const receiver = await stage.startReceiver();
  return { receiver, endpoint: await createEndpoint(caller, { url: receiver.url, events: [pattern] }) };
}

/** Half of them as JSON, and half as text that no JSON library would write like this. */
async function publishAll(): Promise<Sent[]> {
  const published: Sent[] = [];
  for (let from = 0; from < githubEvents.length; from += eventsPerCall) {
    const batch = githubEvents.slice(from, from + eventsPerCall).map(({ type, payload }, index) => {
      const isText = index % 2 === 1;
      const text = isText ? JSON.stringify(payload, null, 3) : JSON.stringify(payload);
      const event: EventToPublish = isText ? { type, payloadText: text } : { type, payload };
      return { type, text, event };
    });
    const answers = await publish(
      caller,
      batch.map(({ event }) => event),
    );
    for (const [index, { type, text }] of batch.entries()) {
      published.push({ id: answers[index]?.event.id ?? '', type, text });
    }
  }
  return published;
}

async function untilAllEnded(): Promise<void> {
  const follower = await followOverWebSocket(caller, 0);
  const wanted = [all, ofCategory, ofType].reduce((sum, { receiver }) => sum + receiver.received.length, 0);
  await follower.until((seen) => seen.filter(({ status }) => isTerminal(status)).length === wanted);
  await follower.stop();
}

function isOfCategory({ type }: Sent): boolean {
  return type === category || type.startsWith(`${category}.`);
}

function expectExactly({ receiver }: Listener, wanted: readonly Sent[]): void {
  const got = receiver.received.map((request) => ({
    id: request.headers['webhook-id'],
    type: typeOf(request),
    text: dataOf(request),
  }));
  const byId = (a: { id?: string | undefined }, b: { id?: string | undefined }) =>
    (a.id ?? '') < (b.id ?? '') ? -1 : 1;
  expect(got.sort(byId)).toEqual([...wanted].sort(byId));
}

const envelope = /^\{"type":"([^"]+)","timestamp":"[^"]+","data":/;

const typeOf = ({ body }: Received) => envelope.exec(body)?.[1] ?? '';

/** The bytes between the envelope's `"data":` and its last brace. */
function dataOf({ body }: Received): string {
  return body.slice(envelope.exec(body)?.[0].length ?? 0, -1);
}
