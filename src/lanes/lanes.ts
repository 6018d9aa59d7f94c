import { encodeId } from '../ids.ts';
import { shardOf } from '../status/shard.ts';
import { type Cursor, Lane } from './lane.ts';

/** An endpoint whose circuit is not closed: its id, and for how long that has been so. */
export type OpenCircuit = Readonly<{ endpoint: string; seconds: number }>;

/** A lane without work for this time is forgotten. */
const idleMs = 60_000;
/** How often the lanes whose circuit is open are looked at. */
const lookAtParkedMs = 100;

/**
 * The lanes of the shards that this worker holds, and whose turn it is. Lanes with work are in a queue, and each
 * round begins where the last one ended. So everyone gets a turn, however much one of them has.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** In the order of their turns. */
  #marked = new Set<Lane>();
  /** Marked lanes whose circuit is open. They have no turns, so that ten thousand of them cost the others nothing. */
  readonly #parked = new Set<Lane>();
  /** By `performance.now()`, which nobody sets. */
  #lookAtParkedAt = 0;
  readonly #inFlightOfOwner = new Map<string, number>();
  readonly #inFlightOfShard = new Map<number, number>();

  get size(): number {
    return this.#lanes.size;
  }

  get hasMarked(): boolean {
    return this.#marked.size > 0 || this.#parked.size > 0;
  }

  find(endpointId: string): Lane | undefined {
    return this.#lanes.get(endpointId);
  }

  /** Something may be due in this lane, at `from` or later. */
  mark(ownerId: string, endpointId: string, from?: Cursor): void {
    let lane = this.#lanes.get(endpointId);
    if (lane === undefined) {
      lane = new Lane({ ownerId, endpointId, shard: shardOf(ownerId, endpointId) });
      this.#lanes.set(endpointId, lane);
    }
    if (from !== undefined && isBefore(from, lane.cursor)) {
      // Just before the row, so that the row itself is claimed.
      lane.cursor = { dueAt: new Date(from.dueAt.getTime() - 1), deliveryId: from.deliveryId };
    }
    lane.marks += 1;
    if (!this.#parked.has(lane)) this.#marked.add(lane);
  }

  /** Nothing more was due, unless the lane was marked again since the claim began. */
  unmark(lane: Lane, marksWhenAsked: number): void {
    if (lane.marks !== marksWhenAsked) return;
    this.#marked.delete(lane);
    this.#parked.delete(lane);
  }

  /** Up to `most` marked lanes with free slots, each moved to the end of the queue. */
  takeTurns(most: number, now: number, hasRoom: (lane: Lane) => boolean): Lane[] {
    this.#unpark(now);
    const taken: Lane[] = [];
    let looked = 0;
    const all = this.#marked.size;
    for (const lane of this.#marked) {
      if (taken.length >= most || looked >= all) break;
      looked += 1;
      this.#marked.delete(lane);
      if (lane.isClosed(now)) {
        this.#parked.add(lane);
        continue;
      }
      this.#marked.add(lane);
      if (hasRoom(lane)) taken.push(lane);
    }
    return taken;
  }

  /** Lanes whose circuit has closed, or lets a probe through, have turns again. */
  #unpark(now: number): void {
    if (performance.now() < this.#lookAtParkedAt) return;
    this.#lookAtParkedAt = performance.now() + lookAtParkedMs;
    for (const lane of this.#parked) {
      if (lane.isClosed(now)) continue;
      this.#parked.delete(lane);
      this.#marked.add(lane);
    }
  }

  /** The time until a rate limit or a circuit opens one of the first `most` marked lanes, at most `idleMs`. */
  waitMs(now: number, { idleMs, most }: { idleMs: number; most: number }): number {
    let wait = idleMs;
    if (this.#parked.size > 0) wait = Math.min(wait, Math.max(1, this.#lookAtParkedAt - performance.now()));
    let looked = 0;
    for (const lane of this.#marked) {
      if (++looked > most) break;
      const until = lane.waitsUntil(now);
      if (until !== undefined) wait = Math.min(wait, Math.max(1, until - now));
    }
    return wait;
  }

  /**
   * Up to `most` lanes whose circuit is not closed and that wait for nothing, because their owner may have changed the
   * endpoint. The next call begins with others.
   */
  resting(most: number): Lane[] {
    const found: Lane[] = [];
    for (const lane of this.#lanes.values()) {
      if (found.length >= most) break;
      if (lane.health.circuit !== 'CLOSED' && lane.inFlight === 0) found.push(lane);
    }
    for (const lane of found) {
      this.#lanes.delete(lane.endpointId);
      this.#lanes.set(lane.endpointId, lane);
    }
    return found;
  }

  /** The endpoints whose circuit is not closed. Their lanes are not forgotten. */
  openCircuits(now: number): OpenCircuit[] {
    return [...this.#lanes.values()]
      .filter(({ health }) => health.circuit !== 'CLOSED')
      .map(({ endpointId, health }) => ({
        endpoint: encodeId('Endpoint', endpointId),
        seconds: (now - (health.openedAt?.getTime() ?? now)) / 1_000,
      }));
  }

  inFlightOfOwner(ownerId: string): number {
    return this.#inFlightOfOwner.get(ownerId) ?? 0;
  }

  inFlightOfShard(shard: number): number {
    return this.#inFlightOfShard.get(shard) ?? 0;
  }

  begin(lane: Lane, count: number, now: number): void {
    lane.begin(count, now);
    add(this.#inFlightOfOwner, lane.ownerId, count);
    add(this.#inFlightOfShard, lane.shard, count);
  }

  /** One delivery has left its slot. Its lane may have been removed together with its shard. */
  end(place: { ownerId: string; endpointId: string; shard: number }, options: { wasSent: boolean }): void {
    add(this.#inFlightOfOwner, place.ownerId, -1);
    add(this.#inFlightOfShard, place.shard, -1);
    this.#lanes.get(place.endpointId)?.end(options);
  }

  /** We no longer hold the shard. Running attempts there end on their own. */
  dropShard(shard: number): void {
    for (const [endpointId, lane] of this.#lanes) {
      if (lane.shard !== shard) continue;
      this.#lanes.delete(endpointId);
      this.#marked.delete(lane);
      this.#parked.delete(lane);
    }
  }

  evictIdle(now: number): void {
    for (const [endpointId, lane] of this.#lanes) {
      const isMarked = this.#marked.has(lane) || this.#parked.has(lane);
      const isBusy = lane.inFlight > 0 || isMarked || lane.lastUsedAt > now - idleMs;
      if (!isBusy && lane.health.circuit === 'CLOSED') this.#lanes.delete(endpointId);
    }
  }
}

function isBefore(a: Cursor, b: Cursor): boolean {
  const difference = a.dueAt.getTime() - b.dueAt.getTime();
  return difference < 0 || (difference === 0 && a.deliveryId <= b.deliveryId);
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
