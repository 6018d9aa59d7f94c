import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { startEmbeddedPostgres, stopLeftover } from '../../src/db/embedded-postgres.ts';
import { untilTrue } from '../support/worker.ts';

/** Ends as a server does: on SIGINT it removes its file and exits. Its parent never buries it. */
const leftover = `
  const { writeFileSync, unlinkSync } = require('node:fs');
  const [path] = process.argv.slice(1);
  process.on('SIGINT', () => { unlinkSync(path); process.exit(0); });
  setInterval(() => {}, 1000);
  writeFileSync(path, [process.pid, '', '', 5432, '', '', '', 'ready', ''].join('\\n'));
`;

test('a server that was left behind has stopped once its file is gone, though its pid stays as a zombie', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-leftover-'));
  const data = join(dir, 'postgres');
  mkdirSync(data);
  const pidFile = join(data, 'postmaster.pid');
  const parent = spawn('sh', [
    '-c',
    '"$1" -e "$2" "$3" & exec sleep 600',
    'sh',
    process.execPath,
    leftover,
    pidFile,
  ]);
  await untilTrue(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').includes('ready'));
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);

  const startedAt = performance.now();
  await stopLeftover(pid, data);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(existsSync(pidFile)).toBe(false);
  expect(() => process.kill(pid, 0), 'the pid is still there').not.toThrow();

  parent.kill('SIGKILL');
  await once(parent, 'exit');
  rmSync(dir, { recursive: true, force: true });
});

test('a server that another process uses is refused, and goes on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-shared-'));
  const first = await startEmbeddedPostgres({ dir });
  await expect(startEmbeddedPostgres({ dir })).rejects.toThrow(ConfigError);
  expect(pidFileOf(dir)[7]?.trim()).toBe('ready');
  await first.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('two that start at once over an empty folder: one has it, the other is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-race-'));
  const starts = await Promise.allSettled([startEmbeddedPostgres({ dir }), startEmbeddedPostgres({ dir })]);
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const start of starts) if (start.status === 'fulfilled') await start.value.stop();
  expect(existsSync(join(dir, 'postgres', 'postmaster.pid'))).toBe(false);
  rmSync(dir, { recursive: true, force: true });
});

test('a pid file from before a crash of the machine, whose pid is another process by now, is not believed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-stale-'));
  await (await startEmbeddedPostgres({ dir })).stop();
  const lines = [process.pid, join(dir, 'postgres'), 0, await closedPort(), '', '127.0.0.1', '', 'ready', ''];
  writeFileSync(join(dir, 'postgres', 'postmaster.pid'), lines.join('\n'));

  const { stop } = await startEmbeddedPostgres({ dir });
  expect(Number(pidFileOf(dir)[0])).not.toBe(process.pid);
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

test('as root where the system allows no user namespaces, it runs as nobody, or says what is in its way', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-nobody-'));
  const tools = mkdtempSync(join(tmpdir(), 'heliograph-tools-'));
  writeFileSync(join(tools, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = `${tools}:${path}`;
  const isRoot = process.getuid?.() === 0;
  try {
    const start = startEmbeddedPostgres({ dir });
    if (isRoot && !nobodyReaches(process.execPath, createRequire(import.meta.url).resolve('pg'))) {
      await expect(start).rejects.toThrow(/^initdb failed: .* As root it is run as nobody/s);
    } else {
      const { stop } = await start;
      expect(statSync(join(dir, 'postgres', 'postmaster.pid')).uid).toBe(
        isRoot ? 65_534 : process.getuid?.(),
      );
      expect(statSync(join(dir, 'postgres-password')).mode & 0o077).toBe(0);
      await stop();
      process.env.PATH = path;
      await (await startEmbeddedPostgres({ dir })).stop();
    }
  } finally {
    process.env.PATH = path;
    for (const made of [dir, tools]) rmSync(made, { recursive: true, force: true });
  }
});

function nobodyReaches(node: string, file: string): boolean {
  const read = `require('node:fs').accessSync(${JSON.stringify(file)})`;
  return spawnSync(node, ['-e', read], { uid: 65_534, gid: 65_534, cwd: '/' }).status === 0;
}

const pidFileOf = (dir: string) => readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');

async function closedPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
