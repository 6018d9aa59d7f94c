import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { startEmbeddedPostgres, stopLeftover } from '../../src/db/embedded-postgres.ts';
import { launchServer, startServer } from '../support/server-process.ts';
import { untilTrue } from '../support/worker.ts';
import { isRoot, nobodyReachesPackages, withoutNamespaces } from './without-namespaces.ts';

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

  await stopLeftover(pid, data);
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
  const isOpen = await withoutNamespaces(async () => {
    const start = startEmbeddedPostgres({ dir });
    if (isRoot && !nobodyReachesPackages()) {
      await expect(start).rejects.toThrow(/^initdb failed: .* PostgreSQL runs as the user nobody/s);
      return false;
    }
    const { stop } = await start;
    expect(statSync(join(dir, 'postgres', 'postmaster.pid')).uid).toBe(isRoot ? 65_534 : process.getuid?.());
    expect(statSync(join(dir, 'postgres-password')).mode & 0o077).toBe(0);
    await stop();
    return true;
  });
  if (isOpen) await (await startEmbeddedPostgres({ dir })).stop();
  rmSync(dir, { recursive: true, force: true });
});

test('as nobody it says what is in its way where only a later start meets it', async () => {
  const closed = mkdtempSync(join(tmpdir(), 'heliograph-closed-'));
  const dir = join(closed, 'data');
  await (await startEmbeddedPostgres({ dir })).stop();
  await withoutNamespaces(async () => {
    const again = startEmbeddedPostgres({ dir });
    if (isRoot) await expect(again).rejects.toThrow(/^PostgreSQL .* PostgreSQL runs as the user nobody/s);
    else await (await again).stop();
  });
  rmSync(closed, { recursive: true, force: true });
});

test('a second start that would run the server as somebody else leaves the running one its files', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-owned-'));
  const first = await startEmbeddedPostgres({ dir });
  const owners = () =>
    ['', 'postmaster.pid', 'base'].map((name) => statSync(join(dir, 'postgres', name)).uid);
  const before = { owners: owners(), mode: statSync(dir).mode };
  await withoutNamespaces(() => expect(startEmbeddedPostgres({ dir })).rejects.toThrow(ConfigError));
  expect({ owners: owners(), mode: statSync(dir).mode }).toEqual(before);
  await first.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('the folders may be symbolic links, and whoever runs the server then has what they lead to', async () => {
  const root = mkdtempSync(join(tmpdir(), 'heliograph-links-'));
  const [dir, disk] = [join(root, 'dir'), join(root, 'disk')];
  for (const folder of ['data', 'disk', 'disk/postgres']) mkdirSync(join(root, folder), { mode: 0o700 });
  symlinkSync(join(root, 'data'), dir);
  symlinkSync(join(disk, 'postgres'), join(root, 'data', 'postgres'));

  await (await startEmbeddedPostgres({ dir })).stop();
  expect(existsSync(join(disk, 'postgres', 'PG_VERSION'))).toBe(true);
  if (isRoot && nobodyReachesPackages()) {
    chmodSync(root, 0o711);
    await withoutNamespaces(async () => (await startEmbeddedPostgres({ dir })).stop());
    expect(statSync(join(disk, 'postgres')).uid).toBe(65_534);
    expect(lstatSync(join(root, 'data', 'postgres')).uid).toBe(0);
  }
  rmSync(root, { recursive: true, force: true });
});

test('the server learns nothing of our environment', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-environment-'));
  process.env.SECRETS_KEYS = 'canary';
  try {
    const { stop } = await startEmbeddedPostgres({ dir });
    const [pid] = pidFileOf(dir);
    const environment = existsSync('/proc/self/environ')
      ? readFileSync(`/proc/${pid}/environ`, 'utf8')
      : execFileSync('ps', ['eww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    expect(environment).toContain('LC_ALL=C');
    expect(environment).not.toMatch(/canary|HOME=/);
    await stop();
  } finally {
    delete process.env.SECRETS_KEYS;
    rmSync(dir, { recursive: true, force: true });
  }
});

const pidFileOf = (dir: string) => readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');

async function closedPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a server whose parent is killed stops by itself, and the next start over its folder begins at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-killed-'));
  try {
    for (let round = 0; round < 2; round += 1) {
      const server = await startServer({ DATA_DIR: folder, PORT: '0' });
      await server.untilPrinted(/export TOKEN=\S+\n/);
      await server.kill();
      // The last thing that a PostgreSQL does is to remove its file. The next start does not wait for it here.
      if (round === 1) await untilTrue(async () => !existsSync(join(folder, 'postgres', 'postmaster.pid')));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a server whose parent is killed while both still start stops by itself, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-killed-early-'));
  const pidFile = join(folder, 'postgres', 'postmaster.pid');
  try {
    for (let round = 0; round < 3; round += 1) {
      const server = launchServer({ DATA_DIR: folder, PORT: '0' });
      await untilTrue(() => existsSync(pidFile));
      await server.kill();
      await untilTrue(() => !existsSync(pidFile));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
