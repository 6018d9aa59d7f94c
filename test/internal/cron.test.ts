import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobRunner } from '../../src/jobs/job-runner.ts';
import {
  cronSecret,
  type InternalServer,
  seen,
  sendRaw,
  startInternalServer,
  withoutIds,
} from './internal-server.ts';

let server: InternalServer;
let runs = 0;
let fails = false;
/** While this is set, the job waits for it. */
let gate: Promise<void> | undefined;

const count = {
  name: 'count',
  async run() {
    runs += 1;
    await gate;
    if (fails) throw new Error(`failed with ${cronSecret.length} characters`);
    return { run: runs };
  },
};

beforeAll(async () => {
  server = await startInternalServer({ jobs: [count] });
});
afterAll(() => server.stop());

const cron = (headers: Record<string, string>, job = 'count') =>
  fetch(`${server.url}/internal/cron/${job}`, { method: 'POST', headers });

const run = (runId: string) => cron({ authorization: `Bearer ${cronSecret}`, 'idempotency-key': runId });

async function rowsOf(table: string): Promise<unknown[]> {
  return (await server.database.api.query(`select * from ${table}`)).rows;
}

test('a caller without the secret is refused alike, whatever is wrong, and nothing runs', async () => {
  const before = await rowsOf('job_run');
  const line = 'POST /internal/cron/count HTTP/1.1';
  const key = 'idempotency-key: r';
  const wrong = [
    [line, key],
    [line, key, 'authorization: Bearer wrong'],
    [line, key, `authorization: Bearer ${cronSecret.slice(0, -1)}`],
    [line, key, `authorization: Bearer ${cronSecret}x`],
    [line, key, `authorization: Bearer ${cronSecret.toUpperCase()}`],
    [line, key, `authorization: Basic ${cronSecret}`],
    [line, key, `authorization: ${cronSecret}`],
    [line, key, 'authorization: Bearer '],
    [line, key, `authorization: Bearer ${cronSecret}`, `authorization: Bearer ${cronSecret}`],
    [line, key, `authorization: Bearer ${cronSecret}`, 'authorization: Bearer wrong'],
    [line, key, `authorization: Bearer ${'x'.repeat(8_000)}`],
    [line, key, `authorization: Bearer ${cronSecret}${' '.repeat(2_000)}x`],
    [line, `x-cron-secret: ${cronSecret}`],
    [`POST /internal/cron/count?secret=${cronSecret} HTTP/1.1`, key],
    ['POST /internal/cron/no-such-job HTTP/1.1', key],
  ];
  const answers = await Promise.all(wrong.map((lines) => sendRaw(server.port, lines)));
  expect(new Set(answers.map(withoutIds)).size).toBe(1);
  expect(answers[0]).toContain('HTTP/1.1 401');
  expect(await rowsOf('job_run')).toEqual(before);
});

test('the secret gets into no log line', async () => {
  fails = true;
  expect((await run('a run that fails')).status).toBe(500);
  fails = false;
  await sendRaw(server.port, [
    `POST /internal/cron/count?secret=${cronSecret} HTTP/1.1`,
    `authorization: Bearer ${cronSecret}`,
  ]);
  expect(server.logged.join('')).toContain('route failed');
  expect(server.logged.join('')).not.toContain(cronSecret);
});

test('without a configured secret the route does not exist', async () => {
  const bare = await startInternalServer({
    config: { cronSecret: undefined, authHookSecret: undefined, testControlSecret: undefined },
  });
  const answers = await Promise.all(
    ['cron/retention', 'auth-hook', 'test-control', 'anything'].map(async (path) =>
      seen(await fetch(`${bare.url}/internal/${path}`, { method: 'POST' })),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  await bare.stop();
});

test('an unknown job, and a missing or doubled run id, are told to who has the secret', async () => {
  const authorization = `Bearer ${cronSecret}`;
  expect((await cron({ authorization, 'idempotency-key': 'x' }, 'dance')).status).toBe(404);
  expect((await cron({ authorization })).status).toBe(400);
  const doubled = await sendRaw(server.port, [
    'POST /internal/cron/count HTTP/1.1',
    `authorization: ${authorization}`,
    'idempotency-key: a',
    'idempotency-key: b',
  ]);
  expect(doubled).toContain('HTTP/1.1 400');
});

test("a repeated run id answers the first run's result", async () => {
  const before = runs;
  const first = await (await run('repeated')).json();
  const second = await (await run('repeated')).json();
  expect(first).toEqual({
    status: 'FINISHED',
    run: expect.objectContaining({ job: 'count', runId: 'repeated', result: { run: before + 1 } }),
  });
  expect(second).toEqual(first);
  expect(runs).toBe(before + 1);
});

test('200 at once with one run id run once, and all are told the same', async () => {
  const before = runs;
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => (await run('two hundred')).text()),
  );
  expect(runs).toBe(before + 1);
  expect(new Set(answers).size).toBe(1);
});

test('while a job runs, another run of it is answered so, here and in another process', async () => {
  const before = runs;
  let open = () => {};
  gate = new Promise((resolve) => {
    open = resolve;
  });
  const first = run('slow');
  while (runs === before) await new Promise((resolve) => setTimeout(resolve, 5));
  const other = new JobRunner({ database: server.database, directUrl: server.directUrl, jobs: [count] });
  expect(await other.run('count', 'slow')).toEqual({ status: 'IN_PROGRESS' });
  const here = await run('another');
  expect([here.status, here.headers.get('retry-after')]).toEqual([202, '5']);
  gate = undefined;
  open();
  expect((await first).status).toBe(200);
  expect(await other.run('count', 'slow')).toMatchObject({ status: 'FINISHED' });
  expect(runs).toBe(before + 1);
});

test('a run that failed, or whose process died, is taken up by the next call with its id', async () => {
  const before = runs;
  fails = true;
  expect((await run('taken up')).status).toBe(500);
  fails = false;
  expect((await run('taken up')).status).toBe(200);
  await server.database.api.query(`insert into job_run (job, run_id) values ('count', 'died')`);
  expect((await run('died')).status).toBe(200);
  expect(runs).toBe(before + 3);
});
