import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { isTransient, sqlStateOf } from '../db/retry.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type Applied, apply, type Change } from '../status/apply.ts';
import { ownerGroupOf, ownerGroups } from '../status/shard.ts';

/** Larger batches gain little: 100 a batch 37,000 a second, 500 52,000, 2,000 58,000. */
const largestBatch = 500;
const longestPauseMs = 1_000;
/**
 * Statements under way at a time, of all groups together: a row of a batch of 20 costs half as much again as one of a
 * batch of 100, so that groups that are busy had better gather. One that takes long, as where it waits for somebody
 * else's lock, does not count any more: no group waits for another's trouble.
 */
const statementsAtOnce = 2;
const longStatementMs = 40;

/** No partition for the row: one is made ahead by the hour, and soon. */
const noPartition = '23514';
/** What the database says of the data itself (22, 23), and a statement of what it did (HG): once more changes nothing. */
const refusals = /^(22|23|HG)/;

type Group = { waiting: Map<string, Waiting>; isRunning: boolean };

type Waiting = { change: Change; done: (applied: Applied | undefined) => void };

/**
 * Brings changes to `apply` in batches, one batch of an owner group at a time: while one is under way the next
 * gathers. Groups run side by side.
 *
 * While the database is away a batch is tried again and again: the fence makes that safe, and what waits is bounded
 * by what may be in flight. A batch that the database refuses is halved until the offender stands alone; that one is
 * reported and left claimed, and only it. No receiver can bring that about: `apply` makes storable what it sends.
 */
export class Settler {
  readonly #db: Database;
  readonly #logger: Logger;
  readonly #groups: Group[];
  /** Groups that have something to settle and no statement under way, in the order of their turns. */
  readonly #turns: Group[] = [];
  #underWay = 0;
  #isStopped = false;

  constructor(options: { database: Database; logger: Logger }) {
    this.#db = options.database;
    this.#logger = options.logger;
    this.#groups = Array.from({ length: ownerGroups }, () => ({ waiting: new Map(), isRunning: false }));
  }

  /**
   * Resolves with what became of the change: undefined where it was fenced, was overtaken by a later one of the same
   * delivery that waited with it, or could not be stored. Never rejects.
   */
  settle(change: Change): Promise<Applied | undefined> {
    const index = ownerGroupOf(change.ownerId);
    const group = this.#groups[index];
    if (group === undefined || this.#isStopped) return Promise.resolve(undefined);
    return new Promise((done) => {
      group.waiting.get(change.deliveryId)?.done(undefined);
      group.waiting.set(change.deliveryId, { change, done });
      if (group.isRunning) return;
      group.isRunning = true;
      this.#turns.push(group);
      // Answers that arrive in the same turn of the event loop go together.
      if (this.#turns.length === 1) setImmediate(() => this.#next());
    });
  }

  /** Gives up what the database does not take any more: the next holder of the lease sends it again. */
  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    while (this.#underWay < statementsAtOnce) {
      const group = this.#turns.shift();
      if (group === undefined) return;
      void this.#drain(group);
    }
  }

  /** One batch of the group; what has come meanwhile waits for the group's next turn. Never rejects. */
  async #drain(group: Group): Promise<void> {
    this.#underWay += 1;
    let counts = true;
    const giveWay = () => {
      if (!counts) return;
      counts = false;
      this.#underWay -= 1;
      this.#next();
    };
    const timer = setTimeout(giveWay, longStatementMs);
    const batch = [...group.waiting.values()].slice(0, largestBatch);
    for (const { change } of batch) group.waiting.delete(change.deliveryId);
    await this.#store(batch);
    clearTimeout(timer);
    group.isRunning = group.waiting.size > 0;
    if (group.isRunning) this.#turns.push(group);
    giveWay();
    this.#next();
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    for (let pauseMs = 20; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        const applied = new Map(
          (
            await apply(
              this.#db,
              batch.map(({ change }) => change),
            )
          ).map((row) => [row.delivery_id, row]),
        );
        for (const { change, done } of batch) done(applied.get(change.deliveryId));
        return;
      } catch (error) {
        if (isRefusal(error)) return this.#halve(batch, error);
        this.#logger.warn({ error: messageOf(error), changes: batch.length }, 'settle failed, trying again');
        if (this.#isStopped) break;
        await delay(pauseMs);
      }
    }
    for (const { done } of batch) done(undefined);
  }

  async #halve(batch: readonly Waiting[], error: unknown): Promise<void> {
    const [only] = batch;
    if (only !== undefined && batch.length === 1) {
      this.#logger.error({ error: messageOf(error), delivery: only.change.deliveryId }, 'settle refused');
      return only.done(undefined);
    }
    const middle = Math.ceil(batch.length / 2);
    await this.#store(batch.slice(0, middle));
    await this.#store(batch.slice(middle));
  }
}

/** An error without a state that is no lost connection is our own. */
function isRefusal(error: unknown): boolean {
  if (isTransient(error)) return false;
  const state = sqlStateOf(error);
  return state === undefined || (refusals.test(state) && state !== noPartition);
}
