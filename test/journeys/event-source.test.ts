import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caller, createEndpoint, publish, registerEventType, send } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * A client that handles an event stream like a browser's EventSource: it remembers the last `id`, and connects again
 * with it.
 */
let stage: Stage;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer();
  caller = await stage.callerOf(server);
  const receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'order.paid', example: { order: 1 } });
  await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
});
afterAll(() => stage.close());

type Seen = { lastEventId: string; positions: number[] };

/** Reads until there are `count` messages, then disconnects. Returns the status if there is no stream. */
async function read(query: string, count: number, lastEventId?: string): Promise<Seen | number> {
  const leaving = new AbortController();
  const response = await fetch(`${caller.origin}/graphql?query=${encodeURIComponent(query)}`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${caller.token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: leaving.signal,
  });
  if (response.status !== 200 || response.body === null) return response.status;
  const seen: Seen = { lastEventId: '', positions: [] };
  const decoder = new TextDecoder();
  let text = '';
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const fields = new Map(
        event.split('\n').map((line) => [line.split(': ', 1)[0] ?? '', line.replace(/^\w+: /, '')]),
      );
      if (seen.positions.length === count) break;
      seen.lastEventId = fields.get('id') ?? seen.lastEventId;
      const data = fields.get('data');
      if (data === undefined) continue;
      const [message] = Object.values(JSON.parse(data).data ?? {});
      seen.positions.push(Object(message).position);
    }
    if (seen.positions.length === count) break;
  }
  leaving.abort();
  return seen;
}

const changes = 'subscription { deliveryStatusChanged(after: 0) { position } }';
const batches = 'subscription { deliveryLog(after: 0, maxBatch: 1) { position changes { position } } }';

for (const [name, query] of Object.entries({ deliveryStatusChanged: changes, deliveryLog: batches })) {
  test(`${name} goes on after the last id, though the request still asks from the beginning`, async () => {
    await publish(caller, [{ type: 'order.paid', payload: { order: 1 } }]);
    await publish(caller, [{ type: 'order.paid', payload: { order: 2 } }]);
    const first = await read(query, 2);
    expect(first).toEqual({ lastEventId: '2', positions: [1, 2] });
    await publish(caller, [{ type: 'order.paid', payload: { order: 3 } }]);
    expect(await read(query, 3, '2')).toEqual({ lastEventId: '5', positions: [3, 4, 5] });
  });
}

test('what is no id of ours is refused before a stream is opened; one ahead of the log says so', async () => {
  for (const wrong of ['abc', '-1', '1.5', '99999999999999999', '0x10']) {
    expect([wrong, await read(changes, 1, wrong)]).toEqual([wrong, 400]);
  }
  expect(await read(changes, 1, '')).toMatchObject({ positions: [1] });
  const response = await fetch(`${caller.origin}/graphql?query=${encodeURIComponent(changes)}`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${caller.token}`,
      'last-event-id': '999999',
    },
  });
  const text = await response.text();
  expect(text).toContain('"code":"LOG_POSITION_AHEAD"');
  expect(text).not.toContain('id: ');
});

test('a query ignores it', async () => {
  expect((await send(caller, '{ logHead }')).status).toBe(200);
  expect(await read('{ logHead }', 1, '2')).toEqual({ lastEventId: '', positions: [undefined] });
});
