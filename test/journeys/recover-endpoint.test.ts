import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer({ RETRY_SCHEDULE: '0' });
  caller = await stage.callerOf(server, { tenant: 'recoverer' });
  for (const name of ['order.paid', 'user.seen']) await registerEventType(caller, { name, example: {} });
});
afterAll(() => stage.close());

type Recovered = {
  __typename: string;
  failed?: number;
  missed?: number;
  job?: { id: string; status: string; matched: number; replayed: number } | null;
  issues?: { path: string[]; code: string }[];
};

async function recover(input: Readonly<Record<string, unknown>>, by = caller): Promise<Recovered> {
  const { recoverEndpoint } = await ask<{ recoverEndpoint: Recovered }>(
    by,
    `mutation ($input: RecoverEndpointInput!) { recoverEndpoint(input: $input) { __typename
       ... on RecoverEndpointPayload { failed missed job { id status matched replayed } }
       ... on ValidationError { issues { path code } } } }`,
    { input },
  );
  return recoverEndpoint;
}

const update = (input: object) =>
  ask(caller, 'mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { __typename } }', {
    input,
  });

const untilDone = async (id: string | undefined) => {
  let job: Recovered['job'];
  await untilTrue(async () => {
    const found = await ask<{ replayJob: NonNullable<Recovered['job']> }>(
      caller,
      'query ($id: ID!) { replayJob(id: $id) { id status matched replayed } }',
      { id },
    );
    job = found.replayJob;
    return job.status !== 'RUNNING';
  });
  return job;
};

test('what failed, came before the endpoint, or was filtered out is counted, and then sent by one job', async () => {
  const since = new Date(Date.now() - 60_000).toISOString();
  const other = await stage.startReceiver();
  const { id: tested } = await createEndpoint(caller, { url: other.url, events: ['order.paid'] });
  await ask(caller, 'mutation ($id: ID!) { testEndpoint(input: { id: $id }) { __typename } }', {
    id: tested,
  });
  const pay = (n: number) => publish(caller, [{ type: 'order.paid', payload: { n } }]);
  await pay(0);
  await publish(caller, [{ type: 'user.seen', payload: { n: 99 } }]);

  let isIll = true;
  const receiver = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(isIll ? 500 : 204).end(),
  });
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.*'] });
  await pay(1);
  await receiver.until(1);
  await update({ id, isActive: false });
  await pay(2);
  await update({ id, isActive: true, filter: [{ path: '/data/n', op: 'LT', value: 0 }] });
  await pay(3);
  await update({ id, filter: null });
  isIll = false;
  await untilTrue(async () => (await recover({ id, since, dryRun: true })).failed === 2);

  const counted = await recover({ id, since, dryRun: true });
  expect(counted).toMatchObject({ failed: 2, missed: 2, job: null });
  expect(receiver.received).toHaveLength(1);
  const first = await recover({ id, since, idempotencyKey: 'once' });
  expect(await untilDone(first.job?.id)).toMatchObject({ status: 'COMPLETED', matched: 4, replayed: 4 });
  expect((await recover({ id, since, idempotencyKey: 'once' })).job?.id).toBe(first.job?.id);
  await receiver.until(5);
  const numbers = receiver.received.slice(1).map(({ body }) => JSON.parse(body).data.n);
  expect(numbers.sort()).toEqual([0, 1, 2, 3]);
  expect(other.received.filter(({ headers }) => headers['webhook-test'] === undefined)).toHaveLength(4);

  const again = await recover({ id, since });
  expect(again).toMatchObject({ failed: 0, missed: 0 });
  expect(await untilDone(again.job?.id)).toMatchObject({ status: 'COMPLETED', matched: 0 });
  const { auditLog } = await ask<{ auditLog: { nodes: { action: string }[] } }>(
    caller,
    '{ auditLog { nodes { action } } }',
  );
  expect(auditLog.nodes.filter(({ action }) => action === 'replay_job.create')).toHaveLength(2);
});

test('what was purged is not sent again', async () => {
  const receiver = await stage.startReceiver();
  const since = new Date().toISOString();
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['user.seen'] });
  await publish(caller, [{ type: 'user.seen', payload: {} }]);
  await receiver.until(1);
  await ask(caller, 'mutation ($id: ID!) { purgeDeliveries(input: { endpointId: $id }) { __typename } }', {
    id,
  });
  expect(await recover({ id, since, dryRun: true })).toMatchObject({ failed: 0, missed: 0 });
});

test('a time to come, a missing endpoint and another tenant’s are refused', async () => {
  const { url } = await stage.startReceiver();
  const { id } = await createEndpoint(caller, { url, events: ['user.seen'] });
  const since = new Date(Date.now() + 3_600_000).toISOString();
  expect(await recover({ id, since })).toMatchObject({ issues: [{ path: ['since'], code: 'OUT_OF_RANGE' }] });
  const past = '0001-01-01T00:00:00Z';
  expect(await recover({ id: 'ep_none', since: past })).toEqual({ __typename: 'NotFoundError' });
  const stranger = await stage.callerOf(server, { tenant: 'other' });
  expect(await recover({ id, since: past }, stranger)).toEqual({ __typename: 'NotFoundError' });
  expect(await recover({ id, since: past, dryRun: true })).toMatchObject({ failed: 0 });
});
