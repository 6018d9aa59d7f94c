import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';

/**
 * A PostgreSQL that can be stopped, killed and started again over the same data, each time on another port. `fsync`
 * is off, because the tests are about crashes of the server, not of the machine.
 */
const settings = [
  'fsync=off',
  'full_page_writes=off',
  'max_connections=80',
  // Deadlocks are detected soon, and the queue of NOTIFY can be filled in a moment (PostgreSQL 17 and later).
  'deadlock_timeout=100ms',
  'max_notify_queue_pages=64',
];
const goneWithinMs = 20_000;

export class Postgres {
  readonly #dir = mkdtempSync(join(tmpdir(), 'heliograph-faults-'));
  #server: EmbeddedPostgres | undefined;

  static async start(): Promise<Postgres> {
    const postgres = new Postgres();
    await postgres.start();
    return postgres;
  }

  /** The port on which it listens now. */
  get url(): string {
    if (this.#server === undefined) throw new Error('PostgreSQL is stopped.');
    return this.#server.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async start(): Promise<void> {
    this.#server ??= await startEmbeddedPostgres({ dir: this.#dir, settings });
  }

  /** `immediate`: without a checkpoint, like a crash. The next start recovers from the log. */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const pid = this.#pid();
    this.#server = undefined;
    if (pid === undefined) return;
    process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    for (let waited = 0; isAlive(pid); waited += 10) {
      if (waited > goneWithinMs) process.kill(pid, 'SIGKILL');
      await delay(10);
    }
  }

  async close(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #pid(): number | undefined {
    if (this.#server === undefined) return undefined;
    return Number(readFileSync(join(this.#dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
