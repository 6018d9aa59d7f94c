import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';

/**
 * What a person sees who has just installed the program and starts it without settings: it starts its own database,
 * and prints commands to type. The tests are one story in one folder, told in order.
 */
let dataDir: string;
let server: ServerProcess;
let firstWatch: Curl;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'heliograph-first-start-'));
});
afterAll(async () => {
  await stopServers();
  const leftOver = databasePid();
  if (leftOver !== undefined && isAlive(leftOver)) process.kill(leftOver, 'SIGQUIT');
  rmSync(dataDir, { recursive: true, force: true });
});

test('the first start prints how to watch and how to publish, and both work as printed', async () => {
  server = await start('first');
  firstWatch = await printedCurl('curl -N ');
  expect(await statusesAfterPublishing(firstWatch)).toEqual([
    [null, 'PENDING'],
    ['PENDING', 'SUCCEEDED'],
  ]);
});

test('SIGTERM ends it with code 0, and its database with it', async () => {
  const pid = databasePid() ?? 0;
  expect(isAlive(pid)).toBe(true);
  expect(await server.stop()).toBe(0);
  expect(server.log.map(({ msg }) => msg)).toContain('stopped');
  expect(databasePid()).toBeUndefined();
  expect(isAlive(pid)).toBe(false);
});

test('a second start over the same folder works, and knows the first one’s tokens', async () => {
  server = await start('second');
  const watch = { ...(await printedCurl('curl -N ')), headers: firstWatch.headers };
  expect(await statusesAfterPublishing(watch)).toEqual([
    [null, 'PENDING'],
    ['PENDING', 'SUCCEEDED'],
  ]);
});

test('the database ends with a server that is killed, and the next start goes on with what it holds', async () => {
  const before = databasePid() ?? 0;
  await server.kill();

  server = await start('third');
  expect(databasePid()).not.toBe(before);
  expect(isAlive(before)).toBe(false);
  expect(await statusesAfterPublishing(await printedCurl('curl -N '))).toEqual([
    [null, 'PENDING'],
    ['PENDING', 'SUCCEEDED'],
  ]);
  const last = databasePid() ?? 0;
  expect(await server.stop()).toBe(0);
  expect(databasePid()).toBeUndefined();
  expect(isAlive(last)).toBe(false);
});

async function start(which: string): Promise<ServerProcess> {
  const began = performance.now();
  const started = await startServer({ DATA_DIR: dataDir, PORT: '0' });
  console.info(`${which} start: ready after ${Math.round(performance.now() - began)} ms`);
  return started;
}

type Curl = Readonly<{ url: string; headers: Readonly<Record<string, string>>; body: string }>;

/** The printed command that begins like this, as a shell would read it. */
async function printedCurl(beginning: string): Promise<Curl> {
  await server.untilPrinted(/Publish an event from another terminal:\s+curl .*\n/);
  const text = server.output();
  const token = /export TOKEN=(\S+)/.exec(text)?.[1] ?? '';
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .find((one) => one.startsWith(beginning));
  if (line === undefined) throw new Error(`Nothing printed begins with ${beginning}:\n${text}`);
  const headers = [...line.matchAll(/-H (?:"([^"]*)"|'([^']*)')/g)].map((match) =>
    (match[1] ?? match[2] ?? '').replace('$TOKEN', token).split(': ', 2),
  );
  return {
    url: /https?:\/\/\S+/.exec(line)?.[0] ?? '',
    headers: Object.fromEntries(headers),
    body: /-d '([^']*)'/.exec(line)?.[1] ?? '',
  };
}

const run = ({ url, headers, body }: Curl) => fetch(url, { method: 'POST', headers, body });

/** What the printed subscription shows after the printed publish, until its delivery has ended. */
async function statusesAfterPublishing(watch: Curl): Promise<(readonly [string | null, string])[]> {
  const stream = await run(watch);
  expect(stream.status).toBe(200);
  const published = await run(await printedCurl(`curl ${server.origin}`));
  expect(await published.json()).toEqual({
    data: {
      publishEvents: {
        __typename: 'PublishEventsPayload',
        events: [{ event: { id: expect.stringMatching(/^evt_/) }, deliveryCount: 1 }],
      },
    },
  });
  const seen: (readonly [string | null, string])[] = [];
  for await (const { previousStatus, status } of changesOf(stream)) {
    seen.push([previousStatus, status]);
    if (status === 'SUCCEEDED') break;
  }
  return seen;
}

async function* changesOf(
  response: Response,
): AsyncGenerator<{ previousStatus: string | null; status: string }> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    text += chunk.value;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (\{.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield JSON.parse(data).data.deliveryStatusChanged;
    }
  }
}

/** The process id that PostgreSQL reports; undefined if PostgreSQL has ended normally. */
function databasePid(): number | undefined {
  const path = join(dataDir, 'postgres', 'postmaster.pid');
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n', 1)[0]) : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A dead process keeps its pid until its parent has waited for it, which in a container often never happens.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}
