import { setTimeout as delay } from 'node:timers/promises';
import { directClient } from '../db/direct-client.ts';
import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Loop } from '../loop.ts';
import { endQueued } from '../status/end-queued.ts';
import { findRemovals, finishRemoval, type Removal, removeNext } from './remove-purged.ts';

const pollMs = 5_000;
const minPauseMs = 5;
const endPauseMs = 20;
const removalsAtOnce = 100;
const retries = 5;
/** Any number, the same in every process, and not another task's. */
const leaderLock = 7_203_117;

/**
 * Removes what purged and deleted endpoints leave behind, in the background: deliveries and attempts that no reader
 * finds any more, a thousand at a time, with a pause as long as the statement took. Every process tries, the one that
 * gets the advisory lock does it; a process that dies loses the lock, and the next one goes on, because all that is
 * left to do is read off the tables.
 *
 * What is still queued below a watermark (a crash between a purge and its end, a publish that was under way) is ended
 * first, in the log: a row of `due` never outlives its delivery.
 */
export class Purger {
  readonly #options: PurgerOptions;
  readonly #loop = new Loop({ round: () => this.#round(), onError: (error) => this.#onError(error) });

  constructor(options: PurgerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
  }

  /** Looks for work at once. */
  wake(): void {
    this.#loop.wake();
  }

  /** Finishes the statement that is under way. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #round(): Promise<number> {
    const removals = await findRemovals(this.#options.database.query, removalsAtOnce);
    if (removals.length > 0) await this.#asLeader();
    return pollMs;
  }

  #onError(error: unknown): number {
    this.#options.logger.warn(
      { error: messageOf(error) },
      'the removal of purged deliveries was interrupted',
    );
    return pollMs;
  }

  async #asLeader(): Promise<void> {
    const client = directClient(this.#options.directUrl);
    let isConnected = true;
    client.on('error', () => {
      isConnected = false;
    });
    await client.connect();
    try {
      const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [
        leaderLock,
      ]);
      if (rows[0]?.leads !== true) return;
      await this.#removeAll(() => isConnected && !this.#loop.isStopped);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Endpoints take turns, a statement each: a large one does not keep the others waiting. */
  async #removeAll(mayGoOn: () => boolean): Promise<void> {
    const { database } = this.#options;
    let open = await findRemovals(database.query, removalsAtOnce);
    for (const removal of open) if (mayGoOn()) await this.#endQueued(removal);
    while (open.length > 0) {
      const more: Removal[] = [];
      for (const removal of open) {
        if (!mayGoOn()) return;
        const startedAt = performance.now();
        const hasMore = await retrying(() => removeNext(database, removal), { attempts: retries });
        if (hasMore) more.push(removal);
        else await finishRemoval(database.query, removal);
        await delay(Math.max(minPauseMs, performance.now() - startedAt));
      }
      open = more;
    }
  }

  async #endQueued({ ownerId, endpointId, through, deletedAt }: Removal): Promise<void> {
    await endQueued(this.#options.database, {
      ...{ ownerId, endpointId, through, claimedToo: true, pauseMs: endPauseMs },
      reason: deletedAt === null ? 'CANCELLED' : 'ENDPOINT_DELETED',
      signal: this.#loop.signal,
    });
  }
}

export type PurgerOptions = Readonly<{
  database: Database;
  /** Past any pooler: the leader's lock is the connection's. */
  directUrl: string;
  logger: Logger;
}>;
