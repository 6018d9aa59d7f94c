import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { isTransient, sqlStateOf } from '../db/retry.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { apply } from '../status/apply.ts';
import type { Applied, Change } from '../status/change.ts';
import { isFirstSuccess } from '../status/settle-successes.ts';

/** Larger batches gain little: 37,000 a second with 100 a batch, 52,000 with 500, 58,000 with 2,000. */
const largestBatch = 500;
const longestPauseMs = 1_000;
/**
 * A statement that takes long, for example because it waits for somebody else's lock, no longer counts among those that
 * run at a time, so that no group waits for another's problem.
 */
const longStatementMs = 40;

/**
 * Errors about the data itself (22, 23), and errors that a statement raises about its own result (HG). Trying again
 * would not help.
 */
const refusals = /^(22|23|HG)/;

type Group = { waiting: Map<string, Waiting>; isRunning: boolean };

type Waiting = { change: Change; done: (applied: Applied | undefined) => void; isDone: boolean };

/**
 * Passes changes to `apply` in batches: while one is running, the next is collected.
 *
 * A batch has the changes of all owner groups that wait for their turn, because small statements cost the most. Such a
 * batch could hold the log of one owner while it waits for that of another, which somebody else has locked. So it waits
 * for a lock only as long as a statement usually takes. Then, and after any other failure, each of its groups is settled
 * alone, side by side with the others, and only those whose owner's log is locked go on waiting.
 *
 * While the database is not available a batch is tried again and again. The fence makes this safe, and the number of
 * running attempts limits what waits. A batch that the database refuses is halved until the bad change is alone; only
 * that one is reported and left claimed. No receiver can cause this, because `apply` makes everything that it sends
 * storable.
 */
export class Settler {
  readonly #db: Database;
  readonly #logger: Logger;
  readonly #groups: Group[];
  readonly #onSettled: ((seconds: number) => void) | undefined;
  /** Groups that have changes to settle and no running statement, in the order of their turns. */
  readonly #turns: Group[] = [];
  #underWay = 0;
  #isStopped = false;

  constructor(options: { database: Database; logger: Logger; onSettled?: (seconds: number) => void }) {
    this.#onSettled = options.onSettled;
    this.#db = options.database;
    this.#logger = options.logger;
    this.#groups = Array.from({ length: options.database.layout.writeGroups }, () => ({
      waiting: new Map(),
      isRunning: false,
    }));
  }

  /**
   * Resolves with the result of the change: undefined if it was fenced, was replaced by a later change of the same
   * delivery that waited with it, or could not be stored. It never rejects.
   */
  settle(change: Change): Promise<Applied | undefined> {
    const group = this.#groups[this.#db.layout.writeGroupOf(change.ownerId)];
    if (group === undefined || this.#isStopped) return Promise.resolve(undefined);
    return new Promise((done) => {
      group.waiting.get(change.deliveryId)?.done(undefined);
      group.waiting.set(change.deliveryId, { change, done, isDone: false });
      if (group.isRunning) return;
      group.isRunning = true;
      this.#turns.push(group);
      // Results that arrive in the same turn of the event loop are settled together.
      if (this.#turns.length === 1) setImmediate(() => this.#next());
    });
  }

  /**
   * Gives up the changes that the database does not accept any more. The next holder of the lease sends these
   * deliveries again.
   */
  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    const { statements } = this.#db.layout.settling;
    while (this.#underWay < statements && this.#turns.length > 0) void this.#settleTurns();
  }

  /** Settles one batch of the groups that wait for their turn. It never rejects. */
  async #settleTurns(): Promise<void> {
    this.#underWay += 1;
    let counts = true;
    const giveWay = () => {
      if (!counts) return;
      counts = false;
      this.#underWay -= 1;
      this.#next();
    };
    const timer = setTimeout(giveWay, longStatementMs);
    const parts: [group: Group, batch: Waiting[]][] = [];
    for (let room = largestBatch; room > 0; ) {
      const group = this.#turns.shift();
      if (group === undefined) break;
      const batch = takeFrom(group, room);
      room -= batch.length;
      parts.push([group, batch]);
      if (!this.#db.layout.settling.mixesGroups) break;
    }
    const [only, ...others] = parts;
    if (only !== undefined && others.length === 0) await this.#settleAlone(only);
    else if (await this.#storeTogether(parts.flatMap(([, batch]) => batch)))
      for (const [group] of parts) this.#hasSettled(group);
    else await Promise.all(parts.map((part) => this.#settleAlone(part)));
    clearTimeout(timer);
    giveWay();
  }

  async #settleAlone([group, batch]: readonly [Group, readonly Waiting[]]): Promise<void> {
    await this.#store(batch);
    this.#hasSettled(group);
  }

  /** Changes that arrived meanwhile wait for the group's next turn. */
  #hasSettled(group: Group): void {
    group.isRunning = group.waiting.size > 0;
    if (!group.isRunning) return;
    this.#turns.push(group);
    this.#next();
  }

  /** Returns false if it failed. Only groups that are alone may wait, for a lock or for the database. */
  async #storeTogether(batch: readonly Waiting[]): Promise<boolean> {
    try {
      await this.#apply(batch, { lockTimeoutMs: longStatementMs });
      return true;
    } catch {
      return false;
    }
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    for (let pauseMs = 20; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        return await this.#apply(batch);
      } catch (error) {
        if (isRefusal(error)) return this.#halve(batch, error);
        this.#logger.warn({ error: messageOf(error), changes: batch.length }, 'settle failed, trying again');
        if (this.#isStopped) break;
        await delay(pauseMs);
      }
    }
    for (const { done } of batch) done(undefined);
  }

  /** First successes apart, because they have a shorter statement. If the other fails, they are not settled again. */
  async #apply(batch: readonly Waiting[], options?: { lockTimeoutMs: number }): Promise<void> {
    const open = batch.filter(({ isDone }) => !isDone);
    const successes = open.filter(({ change }) => isFirstSuccess(change));
    const others = open.filter(({ change }) => !isFirstSuccess(change));
    for (const part of [successes, others]) {
      if (part.length === 0) continue;
      const startedAt = performance.now();
      const changes = part.map(({ change }) => change);
      const applied = new Map((await apply(this.#db, changes, options)).map((row) => [row.delivery_id, row]));
      this.#onSettled?.((performance.now() - startedAt) / 1_000);
      for (const waiting of part) {
        waiting.isDone = true;
        waiting.done(applied.get(waiting.change.deliveryId));
      }
    }
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

function takeFrom(group: Group, most: number): Waiting[] {
  const batch: Waiting[] = [];
  for (const [id, waiting] of group.waiting) {
    if (batch.length === most) break;
    group.waiting.delete(id);
    batch.push(waiting);
  }
  return batch;
}

/** An error without a state that is not a lost connection is our own. */
function isRefusal(error: unknown): boolean {
  if (isTransient(error)) return false;
  const state = sqlStateOf(error);
  return state === undefined || refusals.test(state);
}
