import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedSecret, statusesOf } from '../support/worker.ts';
import {
  type InternalServer,
  sendRaw,
  startInternalServer,
  testSecret,
  withoutIds,
} from './internal-server.ts';

let server: InternalServer;
beforeAll(async () => {
  server = await startInternalServer();
});
afterAll(() => server.stop());

const control = (body: object, secret = testSecret) =>
  fetch(`${server.url}/internal/test-control`, {
    method: 'POST',
    headers: { 'x-test-control': secret },
    body: JSON.stringify(body),
  });

const answerOf = async (body: object): Promise<unknown> => await (await control(body)).json();

/** The tenant's external id is its UUID here. */
async function seed(count: number, url?: string) {
  const { ownerId, endpointIds } = await seedOwner(server.database, url === undefined ? {} : { url });
  const [endpointId = ''] = endpointIds;
  await seedSecret(server.db, ownerId, endpointId);
  if (count > 0) await seedDeliveries(server.database, ownerId, endpointId, count);
  return { ownerId, endpointId };
}

test('a caller without the secret is refused alike, whatever is wrong, and nothing is done', async () => {
  const line = 'POST /internal/test-control HTTP/1.1';
  const body = JSON.stringify({ action: 'reset', tenant: (await seed(1)).ownerId });
  const wrong = [
    [line],
    [line, 'x-test-control: wrong'],
    [line, `x-test-control: ${testSecret}`, `x-test-control: ${testSecret}`],
    [line, `x-test-control: ${'x'.repeat(8_000)}`],
    [line, `authorization: Bearer ${testSecret}`],
  ];
  const answers = await Promise.all(wrong.map((lines) => sendRaw(server.port, lines, body)));
  expect(new Set(answers.map(withoutIds)).size).toBe(1);
  expect(answers[0]).toContain('HTTP/1.1 401');
  const { rows } = await server.database.api.query('select from endpoint where deleted_at is not null');
  expect(rows).toEqual([]);
});

test('the route never exists in production, whatever is configured', async () => {
  const production = await startInternalServer({ config: { production: true } });
  const response = await fetch(`${production.url}/internal/test-control`, {
    method: 'POST',
    headers: { 'x-test-control': testSecret },
    body: '{"action":"advance"}',
  });
  expect(response.status).toBe(404);
  await production.stop();
});

test('what is not understood is refused, as is a tenant that is not there', async () => {
  for (const bad of [{}, { action: 'explode' }, { action: 'reset' }, { action: 'drain', timeoutMs: 1e9 }]) {
    expect((await control(bad)).status).toBe(400);
  }
  expect((await control({ action: 'drain', tenant: 'nobody' })).status).toBe(404);
  const post = (path: string, body: string) =>
    fetch(server.url + path, { method: 'POST', headers: { 'x-test-control': testSecret }, body });
  for (const bad of ['', '{', '['.repeat(4_000_000), '{"action":"advance","tenant":"a","tenant":"b"}']) {
    const answer = await post('/internal/test-control', bad);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('BAD_USER_INPUT')]);
  }
});

test('retries that wait for hours come at once: advance, drain, and again until it ends', async () => {
  const receiver = await startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  const worker = createWorker(server.db, { retrySchedule: [0, 3_600, 7_200] });
  worker.start();
  const { ownerId } = await seed(2, receiver.url);
  const { ownerId: bystander } = await seed(0);
  const drain = { action: 'drain', tenant: ownerId };
  expect(await answerOf(drain)).toEqual({ drained: true, left: 0 });
  expect(receiver.received).toHaveLength(2);
  for (const sent of [4, 6]) {
    expect(await answerOf({ action: 'advance', tenant: bystander })).toEqual({ advanced: 0 });
    expect(await answerOf({ action: 'advance', tenant: ownerId })).toEqual({ advanced: 2 });
    expect(await answerOf(drain)).toEqual({ drained: true, left: 0 });
    expect(receiver.received).toHaveLength(sent);
  }
  expect((await statusesOf(server.db, ownerId)).filter((status) => status === 'DEAD_LETTER')).toHaveLength(2);
  await worker.stop(1_000);
  await receiver.close();
});

test('a drain that does not come to its end says what is left', async () => {
  const { ownerId } = await seed(3);
  expect(await answerOf({ action: 'drain', tenant: ownerId, timeoutMs: 100 })).toEqual({
    drained: false,
    left: 3,
  });
});

test('a reset tenant has no endpoints, nothing queued and fresh idempotency keys, and its log goes on without a hole', async () => {
  const { database } = server;
  const { ownerId, endpointId } = await seed(5);
  const { ownerId: bystander } = await seed(1);
  for (const owner of [ownerId, bystander]) {
    await database.api.query(`insert into event_key values ($1, 'k', $2, '', now())`, [owner, mintUuid()]);
    await database.api.query(
      `insert into idempotency_key (owner_id, actor, field, key, input_hash) values ($1, 'a', 'f', 'k', '')`,
      [owner],
    );
  }
  expect(await answerOf({ action: 'reset', tenant: ownerId })).toEqual({
    endpoints: 1,
    ended: 5,
    logPosition: 10,
  });
  expect(await answerOf({ action: 'reset', tenant: ownerId })).toEqual({
    endpoints: 0,
    ended: 0,
    logPosition: 10,
  });
  const { rows } = await database.api.query(
    'select position, status from delivery_log where owner_id = $1 order by position',
    [ownerId],
  );
  expect(rows.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const left = await database.api.query<{ owner_id: string }>(
    `select owner_id from event_key union all select owner_id from idempotency_key union all select owner_id from due`,
  );
  expect(left.rows.filter((row) => row.owner_id === ownerId)).toEqual([]);
  expect(left.rows.filter((row) => row.owner_id === bystander)).toHaveLength(3);
  const audited = await database.api.query(
    'select action, actor_id from audit_entry where owner_id = $1 and target_id = $2',
    [ownerId, endpointId],
  );
  expect(audited.rows).toEqual([{ action: 'endpoint.delete', actor_id: 'test-control' }]);
});
