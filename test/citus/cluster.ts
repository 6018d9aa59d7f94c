import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Server } from '../faults/site.ts';
import { citusUrl, createCitusDatabase } from '../support/citus.ts';

const startsWithinMs = 60_000;
const goneWithinMs = 20_000;

/** A node of the cluster, on this machine. */
type Node = Readonly<{ url: URL; dir: string }>;

/** A database on a Citus cluster of this machine, whose nodes can be killed and started again. */
export class Cluster implements Server {
  readonly url: string;
  /** Distributed tables cannot have triggers, so nothing is noted, and the oracle about late settles sees nothing. */
  readonly noteSettles =
    `create table settled_under (owner_id uuid, delivery_id uuid, number integer, claimed_at timestamptz);
    select create_distributed_table('settled_under', 'owner_id', colocate_with => 'owner_log')`;
  readonly #nodes: readonly Node[];
  readonly #drop: () => Promise<void>;

  private constructor(url: string, nodes: readonly Node[], drop: () => Promise<void>) {
    this.url = url;
    this.#nodes = nodes;
    this.#drop = drop;
  }

  static async open(options: Parameters<typeof createCitusDatabase>[1] = {}): Promise<Cluster> {
    const name = `heliograph_faults_${randomBytes(6).toString('hex')}`;
    const made = await createCitusDatabase(name, options);
    const nodes: Node[] = [];
    for (const url of made.nodes) {
      const [row] = await ask<{ data_directory: string }>(url, 'show data_directory');
      nodes.push({ url, dir: row?.data_directory ?? '' });
    }
    return new Cluster(made.url, nodes, made.drop);
  }

  /** For places that are on one PostgreSQL unless CITUS_URL names a cluster. */
  static async openIfGiven(
    options: Parameters<typeof createCitusDatabase>[1] = {},
  ): Promise<{ server?: Cluster }> {
    return citusUrl === undefined ? {} : { server: await Cluster.open(options) };
  }

  /** Runs SQL in each node's own part of the database, the coordinator's first. */
  async onEveryNode<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const rows: Row[] = [];
    for (const { url } of this.#nodes) rows.push(...(await ask<Row>(url, sql)));
    return rows;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The coordinator is not among them. */
  get workers(): readonly Node[] {
    return this.#nodes.slice(1);
  }

  /** Starts every node that does not run. */
  async start(): Promise<void> {
    for (const node of this.#nodes) await startNode(node);
  }

  /** Stops the coordinator. */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const [coordinator] = this.#nodes;
    if (coordinator !== undefined) await stopNode(coordinator, mode);
  }

  async close(): Promise<void> {
    await this.start();
    await this.#drop();
  }
}

export async function startNode({ url, dir }: Node): Promise<void> {
  if (pidOf(dir) === undefined) {
    const command = readFileSync(join(dir, 'postmaster.opts'), 'utf8').trim();
    const { uid, gid } = statSync(dir);
    const log = openSync(join(dir, 'heliograph-faults.log'), 'a');
    spawn('/bin/sh', ['-c', `exec ${command}`], {
      stdio: ['ignore', log, log],
      detached: true,
      cwd: '/',
      // Its home is not ours.
      env: { PATH: process.env.PATH },
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    }).unref();
  }
  const giveUpAt = performance.now() + startsWithinMs;
  for (;;) {
    try {
      await ask(url, 'select 1');
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(50);
    }
  }
}

/** `immediate`: without a checkpoint, like a crash. */
export async function stopNode({ dir }: Node, mode: 'fast' | 'immediate'): Promise<void> {
  const pid = pidOf(dir);
  if (pid === undefined) return;
  process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  for (let waited = 0; pidOf(dir) !== undefined; waited += 20) {
    if (waited > goneWithinMs) throw new Error('A node does not stop.');
    await delay(20);
  }
}

function pidOf(dir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dir, 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

async function ask<Row extends pg.QueryResultRow>(url: URL, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
