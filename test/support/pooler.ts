import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pinnedSettings } from '../../src/db/direct-client.ts';
import { citusSettings } from '../../src/db/distribute.ts';
import { citusUrl } from './citus.ts';

/**
 * The environment of a server whose pools go through pgbouncer in transaction mode, as the guide `operate` says: LISTEN
 * and leases go past it. Only `npm run test:pgbouncer` sets the variable, to the path of the program; otherwise the
 * environment stays as it is. For each database server there is one pgbouncer, which ends with this process.
 */
export async function throughPooler(
  environment: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const program = process.env.HELIOGRAPH_TEST_PGBOUNCER;
  const { DATABASE_URL: url, DATABASE_DIRECT_URL: directUrl } = environment;
  if (program === undefined || url === undefined) return environment;
  const pooled = new URL(url);
  pooled.port = String(await poolerOf(program, pooled));
  return {
    ...environment,
    DATABASE_URL: pooled.href,
    DATABASE_DIRECT_URL: directUrl ?? url,
    PREPARED_STATEMENTS: 'false',
  };
}

/** What each of its connections to the server gets. */
const connectQuery = citusUrl === undefined ? pinnedSettings : `${pinnedSettings}; ${citusSettings}`;
/** By the port of the database server. */
const poolers = new Map<string, Promise<number>>();
const startWithinMs = 10_000;
const endWithUs = 'dir=$1; shift; "$@" & cat > /dev/null; kill -9 $!; rm -rf "$dir"';
/** pgbouncer refuses to run as root, and reads its files as this user. */
const nobody = 65_534;

/** The port of the pgbouncer in front of this server. */
function poolerOf(program: string, server: URL): Promise<number> {
  const known = poolers.get(server.port);
  if (known !== undefined) return known;
  const started = start(program, server);
  poolers.set(server.port, started);
  return started;
}

async function start(program: string, server: URL): Promise<number> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-pgbouncer-'));
  const isRoot = process.getuid?.() === 0;
  const users = join(dir, 'users.txt');
  const settings = join(dir, 'pgbouncer.ini');
  writeFileSync(users, `"${server.username}" "${decodeURIComponent(server.password)}"\n`, { mode: 0o600 });
  writeFileSync(
    settings,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port} connect_query='${connectQuery.replaceAll("'", "''")}'`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'pool_mode = transaction',
      'auth_type = trust',
      `auth_file = ${users}`,
      'max_client_conn = 500',
      'default_pool_size = 20',
      'server_login_retry = 1',
    ].join('\n'),
  );
  chmodSync(settings, 0o600);
  if (isRoot) for (const path of [dir, users, settings]) chownSync(path, nobody, nobody);
  // The shell waits for the end of this process, which closes its input, also where the process is killed.
  const child = spawn(
    '/bin/sh',
    ['-c', endWithUs, 'sh', dir, program, ...(isRoot ? ['-u', 'nobody'] : []), settings],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-10_000);
  });
  const giveUpAt = performance.now() + startWithinMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      throw new Error(`pgbouncer does not start:\n${printed}`);
    }
    await delay(20);
  }
  return port;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
