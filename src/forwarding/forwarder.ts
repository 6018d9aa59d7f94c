import { run, statement } from '../db/statement.ts';
import { messageOf } from '../errors.ts';
import { warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';
import { parseForwardHint } from '../status/lane-hint.ts';
import { ownerGroups } from '../status/shard.ts';
import type { ForwarderOptions } from './deliver-to-app.ts';
import { forwardEvents } from './forward-events.ts';
import { forwardLifecycle } from './forward-lifecycle.ts';

/**
 * The time between two looks at the outboxes, for the case that a hint was lost. An app's log belongs to another
 * owner than the tenant's events.
 */
const lookEveryMs = 1_000;
const groupsAtOnce = 4;
const afterFailureMs = 500;

const groupsStatement = statement(
  'groups_to_forward',
  `select g as group from generate_series(0, ${ownerGroups - 1}) g
    where exists (select from app_forward_outbox where app_group = g)
       or exists (select from app_lifecycle_outbox where app_group = g)`,
  { everywhere: true, returns: '"group" integer' },
);

/**
 * Copies events to the apps: tenants' events to the apps that receive them, and the apps' own lifecycle events.
 *
 * Two owners' rows are written in two transactions, so that no log ever waits for another one and the tables can be
 * distributed by owner. The tenant's transaction that stores an event, or the act that an app is informed of, also
 * writes a row to an outbox. The forwarder continues from there:
 *
 * outbox row -> the app's event, its delivery, the app's log (one transaction) -> the row is removed
 *
 * What happens if the process dies? Before the app's transaction the row is still there, and another process handles
 * it. After it the row is handled again and changes nothing, because the app's event keeps its id and a delivery is
 * created only together with its event.
 *
 * Any number of processes run a forwarder. Rows that another one has locked are skipped. Hints wake it, and a timer
 * does if a hint is lost. `start` and `stop` may be called twice.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #dirty = new Set<number>();
  readonly #loop = new Loop({ round: () => this.#round(), onError: (error) => this.#onError(error) });
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isListening = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#isListening) this.#options.database.hints.subscribe((words) => this.#hear(words));
    this.#isListening = true;
    this.#loop.start();
  }

  /** Ends after the running batches. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Handles all waiting rows. Returns the number of rows. */
  async drain(): Promise<number> {
    return await this.#carry(Array.from({ length: ownerGroups }, (_, group) => group));
  }

  #hear(words: readonly string[]): void {
    let heard = false;
    for (const word of words) {
      const group = parseForwardHint(word);
      if (group !== undefined && group >= 0 && group < ownerGroups) {
        this.#dirty.add(group);
        heard = true;
      }
    }
    if (heard) this.#loop.wake();
  }

  async #round(): Promise<number> {
    const groups = [...this.#dirty];
    this.#dirty.clear();
    if (performance.now() - this.#lookedAt >= lookEveryMs) {
      this.#lookedAt = performance.now();
      groups.push(...(await this.#groupsWithWork()).filter((group) => !groups.includes(group)));
    }
    await this.#carry(groups);
    return lookEveryMs;
  }

  #onError(error: unknown): number {
    warnAtTimes(
      this.#options.logger,
      { error: messageOf(error) },
      'could not forward events to apps, trying again',
    );
    return afterFailureMs;
  }

  async #carry(groups: readonly number[]): Promise<number> {
    const left = [...groups];
    let carried = 0;
    const work = async () => {
      for (let group = left.shift(); group !== undefined; group = left.shift()) {
        const rows = await this.#carryGroup(group);
        carried += rows;
      }
    };
    await Promise.all(Array.from({ length: Math.min(groupsAtOnce, left.length) }, work));
    return carried;
  }

  async #carryGroup(group: number): Promise<number> {
    let carried = 0;
    while (!this.#loop.isStopped) {
      const batches = await Promise.all(
        [forwardLifecycle, forwardEvents].map((act) => act(this.#options, group)),
      );
      carried += batches.reduce((sum, { taken }) => sum + taken, 0);
      if (!batches.some(({ isFull }) => isFull)) break;
    }
    return carried;
  }

  /** Looks once at the beginning of each group's part of the indexes. */
  async #groupsWithWork(): Promise<number[]> {
    const { database } = this.#options;
    const rows = await run<{ group: number }>(database, database.engine, groupsStatement, []);
    return [...new Set(rows.map(({ group }) => group))];
  }
}
