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
/** An arbitrary number, the same in every process, and used by no other task. */
const leaderLock = 7_203_117;

/**
 * Removes in the background the data that purged and deleted endpoints leave: deliveries and attempts that no reader
 * can find any more, a thousand at a time, each followed by a pause as long as the statement took. The process that
 * gets the advisory lock does it. If it dies it loses the lock, and the next one continues, because the remaining
 * work is read from the tables.
 *
 * Deliveries that still wait below a watermark (after a crash between a purge and its end, or a publish that was
 * running) are ended first, in the log, because a row of `due` must never outlive its delivery.
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

  /** Finishes the running statement. It is safe to call it twice. */
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

  /** Endpoints take turns after each statement, so that a large one does not delay the others. */
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
  /** Connects past any pooler, because the leader's lock belongs to the connection. */
  directUrl: string;
  logger: Logger;
}>;
