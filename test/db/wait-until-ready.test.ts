import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { waitUntilReady } from '../../src/db/embedded-postgres.ts';

const recovering =
  'LOG:  database system was not properly shut down; automatic recovery in progress\nLOG:  redo starts at 0/1';
const ready = 'LOG:  database system is ready to accept connections';

// The clock is the test's: minutes pass at once, while the server is a real process.
vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
afterEach(() => vi.clearAllTimers());
// The next file of this process needs the real ones.
afterAll(() => void vi.useRealTimers());

/** Says the first at once, the second when it is told to, and then stays. */
function start(...[first, second]: [string, string]) {
  const server = spawn('sh', [
    '-c',
    'echo "$1" >&2; read go; echo "$2" >&2; exec sleep 600',
    'sh',
    first,
    second,
  ]);
  const waiting = waitUntilReady(server, ' A hint.').then(
    () => 'ready',
    (error: Error) => error.message,
  );
  return { server, waiting, said: once(server.stderr, 'data'), ended: once(server, 'close') };
}

test('a server that recovers from a crash has ten minutes', async () => {
  const { server, waiting, said, ended } = start(recovering, ready);
  await said;
  vi.advanceTimersByTime(599_000);
  server.stdin.write('\n');
  expect(await waiting).toBe('ready');
  server.kill('SIGKILL');
  await ended;
});

test('what it says meanwhile gives it no more', async () => {
  const { server, waiting, said, ended } = start(recovering, 'LOG:  redo in progress, elapsed time: 10.00 s');
  await said;
  vi.advanceTimersByTime(599_000);
  server.stdin.write('\n');
  await once(server.stderr, 'data');
  vi.advanceTimersByTime(1_000);
  expect(await waiting).toMatch(/^PostgreSQL did not start: .*redo in progress.*\. A hint\.$/s);
  expect(await ended).toEqual([null, 'SIGQUIT']);
});

test('one that is silent has half a minute', async () => {
  const { waiting, said, ended } = start('LOG:  starting PostgreSQL', ready);
  await said;
  vi.advanceTimersByTime(30_000);
  expect(await waiting).toBe('PostgreSQL did not start: LOG:  starting PostgreSQL. A hint.');
  expect(await ended).toEqual([null, 'SIGQUIT']);
});

test('a process that ends is reported with its last output', async () => {
  const { server, waiting, said } = start('LOG:  starting', 'FATAL:  no');
  await said;
  server.stdin.write('\n');
  await once(server.stderr, 'data');
  server.kill('SIGKILL');
  expect(await waiting).toBe('PostgreSQL ended with code null: LOG:  starting\nFATAL:  no. A hint.');
});
