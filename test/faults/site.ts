import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Caller, registerEventType } from '../support/client.ts';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';
import { createTokenIssuer, type TokenIssuer } from '../support/tokens.ts';
import { Ledger } from './ledger.ts';
import { Network } from './network.ts';
import { Postgres } from './postgres.ts';

/**
 * The place of the faults: one PostgreSQL, two networks to it (for the pools, and for the direct connections of
 * LISTEN and leases), one API process, two workers, and the receivers. A fault must repair what it breaks before the
 * next one begins.
 */
export const deliveryTimeoutMs = 1_500;
/** A lease outlasts an attempt by 15 s. */
export const leaseMs = deliveryTimeoutMs + 15_000;
export const eventType = 'order.paid';
const usualTokenSeconds = 7_200;
const scrapeEveryMs = 500;

/** For O5: the claim under which each attempt was settled. */
const noteSettles = `
  create table settled_under (owner_id uuid, delivery_id uuid, number integer, claimed_at timestamptz);
  create function note_settle() returns trigger language plpgsql as $$
  begin
    insert into settled_under values (old.owner_id, old.delivery_id, old.attempt_rows + 1, old.claimed_at);
    return null;
  end $$;
  create trigger note_end after delete on due for each row execute function note_settle();
  create trigger note_retry after update on due for each row
    when (old.attempt_rows <> new.attempt_rows) execute function note_settle();`;

/** A database server that the faults can stop and start. */
export type Server = Pick<Postgres, 'url' | 'port' | 'start' | 'stop' | 'close'> & {
  /** Notes for the oracles how deliveries are settled, where triggers cannot. */
  noteSettles?: string;
};

export type Role = 'api' | 'worker';
export type Running = Readonly<{ role: Role; server: ServerProcess }>;

export class Site {
  readonly ledger: Ledger;
  readonly postgres: Server;
  /** Between the pools and the database. */
  readonly pools: Network;
  /** Between the connections of LISTEN, NOTIFY and leases, and the database. */
  readonly direct: Network;
  /** Secrets that must never appear in a log. */
  readonly canaries: string[] = [];
  /** The folder of the release that is started from now on; undefined for this one. */
  release: string | undefined;
  readonly #issuer: TokenIssuer;
  readonly #workers: number;
  /** Settings of the processes that are started from now on. */
  environment: Readonly<Record<string, string>>;
  readonly #tokenSeconds: number;
  readonly #dataDir: string;
  readonly #secretsKeys: string;
  readonly #fenced = new Map<number, number>();
  readonly #everStarted: ServerProcess[] = [];
  #running: Running[] = [];
  #sql: pg.Pool;
  #scraping: NodeJS.Timeout | undefined;

  private constructor(parts: {
    ledger: Ledger;
    postgres: Server;
    pools: Network;
    direct: Network;
    issuer: TokenIssuer;
    workers: number;
    environment: Readonly<Record<string, string>>;
    tokenSeconds: number;
    release: string | undefined;
  }) {
    this.release = parts.release;
    this.ledger = parts.ledger;
    this.postgres = parts.postgres;
    this.pools = parts.pools;
    this.direct = parts.direct;
    this.#issuer = parts.issuer;
    this.#workers = parts.workers;
    this.environment = parts.environment;
    this.#tokenSeconds = parts.tokenSeconds;
    this.#dataDir = mkdtempSync(join(tmpdir(), 'heliograph-faults-data-'));
    const key = randomBytes(32).toString('base64');
    this.#secretsKeys = `faults:${key}`;
    this.canaries.push(key);
    const { password } = new URL(parts.postgres.url);
    if (password !== '') this.canaries.push(password);
    this.#sql = openSql(parts.postgres.url);
  }

  static async open(
    options: {
      workers?: number;
      environment?: Readonly<Record<string, string>>;
      tokenSeconds?: number;
      release?: string;
      /** Is done to the empty database. */
      prepare?: (url: string) => Promise<void>;
      /** By default a new PostgreSQL. */
      server?: Server;
    } = {},
  ): Promise<Site> {
    const postgres: Server = options.server ?? (await Postgres.start());
    await options.prepare?.(postgres.url);
    let port = postgres.port;
    const targetPort = () => {
      // While the server is stopped, its old port refuses connections.
      try {
        port = postgres.port;
      } catch {}
      return port;
    };
    const site = new Site({
      postgres,
      ledger: await Ledger.open(),
      pools: await Network.start(targetPort),
      direct: await Network.start(targetPort),
      issuer: await createTokenIssuer(),
      workers: options.workers ?? 2,
      environment: options.environment ?? {},
      tokenSeconds: options.tokenSeconds ?? usualTokenSeconds,
      release: options.release,
    });
    try {
      await site.restore();
      await site.sql(postgres.noteSettles ?? noteSettles);
      const service = await site.callerOf({ kind: 'service', tenant: undefined });
      await registerEventType(service, { name: eventType, example: { n: 1 } });
      site.#scraping = setInterval(() => void site.#scrape(), scrapeEveryMs);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** Runs SQL without the faulty networks, wherever the server is now. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#sql.query<Row>(text, [...values]);
    return rows;
  }

  /** A separate connection without the faulty networks. The caller ends it. */
  async session(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async callerOf(claims: Readonly<Record<string, unknown>>): Promise<Caller> {
    const exp = Math.floor(Date.now() / 1000) + this.#tokenSeconds;
    const token = await this.#issuer.sign({ exp, ...claims });
    this.canaries.push(token);
    const { origin } = this.one('api');
    return { origin, token };
  }

  running(role: Role): ServerProcess[] {
    return this.#running.filter((one) => one.role === role).map(({ server }) => server);
  }

  one(role: Role): ServerProcess {
    const [server] = this.running(role);
    if (server === undefined) throw new Error(`No ${role} runs.`);
    return server;
  }

  async start(role: Role, environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const settings = {
      ...this.#issuer.environment,
      DATABASE_URL: this.#through(this.pools),
      DATABASE_DIRECT_URL: this.#through(this.direct),
      DATA_DIR: this.#dataDir,
      SECRETS_KEYS: this.#secretsKeys,
      ROLE: role,
      PORT: '0',
      EGRESS_ALLOW: '127.0.0.1/32',
      REQUIRE_VERIFICATION: 'false',
      RETRY_SCHEDULE: '0,0.2,0.5,1,2,3,3,3,3,3',
      DELIVERY_TIMEOUT_MS: String(deliveryTimeoutMs),
      VERIFY_TIMEOUT_MS: '2000',
      RATE_LIMIT_PER_MINUTE: '1000000000',
      LOG_LEVEL: 'info',
      ...this.environment,
      ...environment,
    };
    const server = await startServer(settings, this.release);
    this.#running.push({ role, server });
    this.#everStarted.push(server);
    return server;
  }

  /** Kills with SIGKILL: no more of its code runs. */
  async kill(server: ServerProcess): Promise<void> {
    this.#forget(server);
    await server.kill();
  }

  /** Sends SIGTERM, and SIGKILL if it does not end. Resolves with the exit code; null if it was killed. */
  async stop(server: ServerProcess): Promise<number | null> {
    await this.#scrapeOne(server);
    this.#forget(server);
    return server.stop();
  }

  /** Restores what a fault broke: the server, the networks, one API process and two workers. */
  async restore(): Promise<void> {
    this.pools.latencyMs = 0;
    this.direct.latencyMs = 0;
    await this.postgres.start();
    await this.reconnect();
    if (this.running('api').length === 0) await this.start('api');
    const missing = this.#workers - this.running('worker').length;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.start('worker')));
    for (const extra of this.running('worker').slice(this.#workers)) await this.stop(extra);
  }

  /** Call this after the server has moved to another port. */
  async reconnect(): Promise<void> {
    const old = this.#sql;
    this.#sql = openSql(this.postgres.url);
    await old.end();
  }

  /** The number of fenced changes so far, over all processes. */
  async fenced(): Promise<number> {
    await this.#scrape();
    return [...this.#fenced.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The problems of the processes: those that died by themselves, uncaught errors, growing memory. */
  processProblems(limits: { rssBytes: number; descriptors: number }): string[] {
    const problems: string[] = [];
    for (const { role, server } of this.#running) {
      if (!isAlive(server.pid)) problems.push(`a ${role} died by itself: ${server.output().slice(-2_000)}`);
      const { rssBytes, descriptors } = holds(server.pid);
      if (rssBytes > limits.rssBytes) problems.push(`a ${role} holds ${Math.round(rssBytes / 1e6)} MB`);
      if (descriptors > limits.descriptors) problems.push(`a ${role} holds ${descriptors} descriptors`);
    }
    for (const server of this.#everStarted) {
      const bad = server.output().split('\n').find(isUncaught);
      if (bad !== undefined) problems.push(`printed: ${bad.slice(0, 300)}`);
    }
    return problems;
  }

  /** Secrets that appear in a log. */
  leaks(): string[] {
    const printed = this.#everStarted.map((server) => server.output()).join('\n');
    return this.canaries.filter((canary) => printed.includes(canary));
  }

  async close(): Promise<void> {
    clearInterval(this.#scraping);
    for (const { server } of this.#running) wake(server.pid);
    await stopServers();
    await Promise.all([this.pools.close(), this.direct.close(), this.ledger.close()]);
    // The server is stopped first, because a running statement would keep its connection open.
    await this.postgres.close();
    await this.#sql.end();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  #through(network: Network): string {
    const url = new URL(this.postgres.url);
    url.port = String(network.port);
    return url.href;
  }

  #forget(server: ServerProcess): void {
    this.#running = this.#running.filter((one) => one.server !== server);
  }

  async #scrape(): Promise<void> {
    await Promise.all(this.#running.map(({ server }) => this.#scrapeOne(server)));
  }

  async #scrapeOne(server: ServerProcess): Promise<void> {
    const metrics = await metricsOf(server);
    const fenced = metrics?.get('heliograph_fenced_total');
    if (fenced !== undefined) this.#fenced.set(server.pid, fenced);
  }
}

/** The metrics without labels; undefined if the process does not answer. */
async function metricsOf(server: ServerProcess): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const response = await fetch(`${server.origin}/metrics`, { signal: AbortSignal.timeout(1_000) });
    const lines = (await response.text()).split('\n');
    return new Map(
      lines
        .map((line) => line.split(' '))
        .map(([name = '', value]): [string, number] => [name, Number(value)]),
    );
  } catch {
    return undefined;
  }
}

/** The memory and files of a process, if the system shows them in /proc. */
export function holds(pid: number): { rssBytes: number; descriptors: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return { rssBytes: kilobytes * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return { rssBytes: 0, descriptors: 0 };
  }
}

/** Checks again and again until the condition holds. Returns false when the time is over. */
export async function within(ms: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const giveUpAt = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) return false;
    await delay(50);
  }
  return true;
}

const isUncaught = (line: string) =>
  /unhandled|uncaught|MaxListenersExceeded|^\s+at .+\(.*:\d+:\d+\)|^\(node:/i.test(line) &&
  !line.startsWith('{');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A suspended process does not receive SIGTERM. */
function wake(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
}

function openSql(url: string): pg.Pool {
  // The oracles join whole tables that were never analysed.
  const options = '-c enable_nestloop=off -c jit=off -c statement_timeout=60s';
  const pool = new pg.Pool({ connectionString: url, max: 4, options });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
