import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

let stage: Stage;
let api: ServerProcess;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  api = await stage.startServer({ ROLE: 'api', RETRY_SCHEDULE: '0,0,0,0,0' });
  caller = await stage.callerOf(api, { tenant: 'orderly' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
});
afterAll(() => stage.close());

const startWorker = () => stage.startServer({ ROLE: 'worker', RETRY_SCHEDULE: '0,0,0,0,0' });

type Counted = { receiver: Receiver; most(): number };

/** Holds each request for a moment; one whose sender dies is no longer in flight. */
async function startCounting(answer: (index: number) => number): Promise<Counted> {
  let inFlight = 0;
  let most = 0;
  const receiver = await startReceiver({
    answer(_request, response, index) {
      inFlight += 1;
      most = Math.max(most, inFlight);
      response.once('close', () => {
        inFlight -= 1;
      });
      setTimeout(() => response.writeHead(answer(index)).end(), 2 + (index % 7));
    },
  });
  return { receiver, most: () => most };
}

const numbersAt = ({ received }: Receiver): number[] => received.map(({ body }) => JSON.parse(body).data.n);

test('workers that are killed at random lose nothing and never pass one delivery by another', {
  timeout: 180_000,
}, async () => {
  const { receiver, most } = await startCounting((index) => (index % 9 === 4 ? 503 : 204));
  const workers = [await startWorker(), await startWorker()];
  await createEndpoint(caller, { url: receiver.url, events: ['order.paid'], ordering: 'STRICT' });
  let published = 0;
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) {
      const payloads = Array.from({ length: 3 }, () => ({ n: published++ }));
      await publish(
        caller,
        payloads.map((payload) => ({ type: 'order.paid', payload })),
      );
      await untilTrue(() => isOver || published - new Set(numbersAt(receiver)).size < 60);
    }
  })();
  for (let kills = 0; kills < 5; kills += 1) {
    const before = receiver.received.length;
    await receiver.until(before + 10 + Math.floor(Math.random() * 20));
    const [victim] = workers.splice(Math.floor(Math.random() * workers.length), 1);
    await victim?.kill();
    workers.push(await startWorker());
  }
  isOver = true;
  await publishing;
  await untilTrue(() => new Set(numbersAt(receiver)).size === published);
  const seen = numbersAt(receiver);
  // Each arrives first in its turn, and none again after a later one has come.
  expect([...new Set(seen)]).toEqual(Array.from({ length: published }, (_, n) => n));
  expect(seen.filter((n, index) => n < (seen[index - 1] ?? 0))).toEqual([]);
  expect(most()).toBe(1);
  for (const worker of workers) await worker.stop();
  await receiver.close();
});

type Seen = { id: string; status: string; blockedBy: { id: string } | null };
const waiting = async (endpoint: string) =>
  (
    await ask<{ deliveries: { nodes: Seen[] } }>(
      caller,
      'query ($filter: DeliveryFilter) { deliveries(filter: $filter) { nodes { id status blockedBy { id } } } }',
      { filter: { endpointId: [endpoint] } },
    )
  ).deliveries.nodes.toReversed();

const mutate = async (text: string, variables: object) =>
  (await ask<{ result: Record<string, unknown> }>(caller, text, { ...variables })).result;

test('blockedBy names the one that has to end first; cancelled, it lets the next go, and a replay goes to the end', async () => {
  const worker = await startWorker();
  const { receiver } = await startCounting(() => 204);
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
  const update = (input: object) =>
    mutate(
      `mutation ($input: UpdateEndpointInput!) { result: updateEndpoint(input: $input) { __typename
         ... on UpdateEndpointPayload { endpoint { ordering } } ... on ValidationError { issues { code } } } }`,
      { input: { id, ...input } },
    );
  await mutate('mutation ($id: ID!) { result: pauseEndpoint(input: { id: $id }) { __typename } }', { id });
  expect((await update({ ordering: 'STRICT' })).endpoint).toEqual({ ordering: 'STRICT' });
  expect(await update({ ordering: null })).toMatchObject({ issues: [{ code: 'REQUIRED' }] });
  await publish(
    caller,
    [0, 1, 2, 3].map((n) => ({ type: 'order.paid', payload: { n } })),
  );
  const [first, ...others] = await waiting(id);
  expect(first?.blockedBy).toBeNull();
  expect(others.map(({ blockedBy }) => blockedBy?.id)).toEqual(Array(3).fill(first?.id));

  const cancel = 'mutation ($id: ID!) { result: cancelDelivery(input: { id: $id }) { __typename } }';
  expect((await mutate(cancel, { id: first?.id })).__typename).toBe('CancelDeliveryPayload');
  expect((await waiting(id)).map(({ blockedBy }) => blockedBy?.id)).toEqual([
    ...[undefined, undefined],
    ...[others[0]?.id, others[0]?.id],
  ]);
  const replay = 'mutation ($id: ID!) { result: replayDelivery(input: { id: $id }) { __typename } }';
  await mutate(replay, { id: first?.id });
  await mutate('mutation ($id: ID!) { result: resumeEndpoint(input: { id: $id }) { __typename } }', { id });
  await receiver.until(4);
  expect(numbersAt(receiver)).toEqual([1, 2, 3, 0]);
  await untilTrue(async () =>
    (await waiting(id)).every(({ status }) => !['PENDING', 'DELIVERING'].includes(status)),
  );
  expect((await update({ ordering: 'NONE' })).endpoint).toEqual({ ordering: 'NONE' });
  await worker.stop();
  await receiver.close();
});
