import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { messageOf } from '../errors.ts';
import { lowestUuid } from '../ids.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';
import { parseLaneHint } from '../status/lane-hint.ts';
import { shardOf } from '../status/shard.ts';
import { keepPlaces } from '../status/strict-order.ts';
import { databaseTime, findLate, findNewlyDue, openSince, scanLanes } from './discover.ts';
import type { Cursor } from './lane.ts';
import { loadLanes } from './lane-health.ts';
import type { Lanes } from './lanes.ts';
import type { Leases } from './leases.ts';

const forwardEveryMs = 200;
const lateEveryMs = 2_000;
const scanEveryMs = 60_000;
/** A hint comes after its commit. Rows of transactions that overlapped it may be this far behind a lane's cursor. */
const hintRewindMs = 1_000;

const mostReloads = 500;

/**
 * Marks the lanes that have something due, at once after a hint, otherwise by looking (discover.ts). Hints may be
 * lost. Then a delivery waits for the next look, a fifth of a second. If its transaction committed after the look had
 * passed its due time, it waits for the look back, which runs every 2 s and begins where the oldest transaction began
 * that was open at the look before. If that transaction lasted for more than 22 s, it waits for the scan of the
 * minute.
 */
export class Scout {
  readonly #options: ScoutOptions;
  readonly #cursors = new Map<number, Cursor>();
  readonly #gained = new Set<number>();
  readonly #scannedAt = new Map<number, number>();
  #lateAt = 0;
  /**
   * The time since which transactions were open before the last look back, which may have missed rows that became due
   * since then.
   */
  #lateSince: Date | undefined;
  readonly #loop = new Loop({ round: () => this.#look(), onError: (error) => this.#onError(error) });

  constructor(options: ScoutOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  gain(shard: number): void {
    this.#gained.add(shard);
  }

  lose(shard: number): void {
    this.#gained.delete(shard);
    this.#cursors.delete(shard);
    this.#scannedAt.delete(shard);
  }

  hear(words: readonly string[]): void {
    let heard = false;
    for (const word of words) {
      const hint = parseLaneHint(word);
      if (hint === undefined) continue;
      const shard = shardOf(hint.ownerId, hint.endpointId);
      if (!this.#cursors.has(shard)) continue;
      this.#options.lanes.find(hint.endpointId)?.rewind(hintRewindMs);
      this.#options.lanes.mark(hint.ownerId, hint.endpointId);
      heard = true;
    }
    if (heard) this.#options.onMark();
  }

  #onError(error: unknown): number {
    const message = 'could not look for due deliveries, trying again';
    warnAtTimes(this.#options.logger, { error: messageOf(error) }, message);
    return forwardEveryMs;
  }

  async #look(): Promise<number> {
    const { database, lanes, onMark } = this.#options;
    const now = performance.now();
    await this.#scan(now);
    if (this.#cursors.size === 0) return forwardEveryMs;

    const found = await findNewlyDue(database, this.#cursors);
    for (const row of found) {
      lanes.mark(row.owner_id, row.endpoint_id);
      if (this.#cursors.has(row.shard)) {
        this.#cursors.set(row.shard, { dueAt: row.due_at, deliveryId: row.delivery_id });
      }
    }
    let marked = found.length;
    if (now - this.#lateAt > lateEveryMs) {
      this.#lateAt = now;
      // Read before the look. Rows that the look cannot see yet are due no earlier, and the next look begins there.
      const since = await openSince(database);
      const shards = [...this.#cursors.keys()];
      const late = await findLate(database, { shards, since: this.#lateSince ?? since });
      this.#lateSince = since;
      for (const row of late) {
        lanes.mark(row.owner_id, row.endpoint_id, { dueAt: row.due_at, deliveryId: row.delivery_id });
      }
      marked += late.length;
      // A new URL, or an endpoint that was activated again, closes the circuit in the database.
      const resting = lanes.resting(mostReloads);
      if (resting.length > 0) await loadLanes(database, resting);
      lanes.evictIdle(databaseNow());
    }
    if (marked > 0) onMark();
    return forwardEveryMs;
  }

  /** Shards that were just taken, and shards whose minute is over. */
  async #scan(now: number): Promise<void> {
    const { database, lanes, leases, onMark } = this.#options;
    if (this.#lateSince === undefined) this.#lateSince = await openSince(database);
    const overdue = [...this.#scannedAt].filter(([, at]) => now - at > scanEveryMs).map(([shard]) => shard);
    for (const shard of [...this.#gained, ...overdue.slice(0, 4)]) {
      if (leases.epochOf(shard) === undefined) continue;
      const isNew = this.#gained.has(shard);
      const time = await databaseTime(database);
      const found = await scanLanes(database, shard);
      if (found.length > 0) await keepPlaces(database, found);
      if (leases.epochOf(shard) === undefined) continue;
      for (const row of found) {
        lanes.mark(row.owner_id, row.endpoint_id, { dueAt: row.due_at, deliveryId: row.delivery_id });
      }
      if (isNew) this.#cursors.set(shard, { dueAt: time, deliveryId: lowestUuid });
      this.#gained.delete(shard);
      // Scans of shards that were taken together are spread over the minute.
      this.#scannedAt.set(shard, now - (isNew ? Math.random() * scanEveryMs : 0));
      if (found.length > 0) onMark();
    }
  }
}

type ScoutOptions = Readonly<{
  database: Database;
  logger: Logger;
  lanes: Lanes;
  leases: Leases;
  onMark(): void;
}>;
