import { lowestUuid } from '../ids.ts';
import { gate, type Health, healthy } from '../sending/circuit.ts';

/**
 * One endpoint's lane: what its worker knows of it in memory. Lanes are hints and cursors, never rows. A lane that
 * was forgotten is found again by discovery.
 *
 * The number of deliveries that may be running grows from 4 with each success up to 128, and halves with each
 * time-out. So an endpoint that never answers cannot occupy the process, and a good one reaches its speed within a
 * few answers.
 */
const firstWindow = 4;
const largestWindow = 128;

export type Cursor = { dueAt: Date; deliveryId: string };

export const beginning: Cursor = { dueAt: new Date(0), deliveryId: lowestUuid };

export class Lane {
  readonly ownerId: string;
  readonly endpointId: string;
  readonly shard: number;
  /** Claimed up to here. Rows before it are running or have ended. */
  cursor: Cursor = beginning;
  /** How often the lane was marked. A mark during a claim outlasts the claim. */
  marks = 0;
  inFlight = 0;
  window = firstWindow;
  health: Health = healthy();
  maxPerSecond: number | undefined;
  /** One at a time. What the database says counts; this spares asking it in vain. */
  isStrict = false;
  /** Its owner was told that the endpoint fails, when this was read. The circuit may have been reset since then. */
  isToldFailing = false;
  /** Whether health and rate were read from the database since the shard was taken. */
  isLoaded = false;
  isProbing = false;
  lastUsedAt = 0;
  /** Claimed but not sent yet. */
  #pending = 0;
  /** When the last deliveries were sent, in milliseconds; as many as `maxPerSecond` allows. */
  #sent: number[] = [];
  /** Where the last that was claimed is sent. */
  #url: string | undefined;

  constructor(options: { ownerId: string; endpointId: string; shard: number }) {
    this.ownerId = options.ownerId;
    this.endpointId = options.endpointId;
    this.shard = options.shard;
  }

  /** The number of deliveries that may be started now. */
  room(now: number): number {
    const state = gate(this.health, now);
    if (state === 'closed') return 0;
    if (state === 'probe') return this.isProbing || this.inFlight > 0 ? 0 : 1;
    const slots = this.isStrict ? 1 : this.window;
    return Math.max(0, Math.min(slots - this.inFlight, this.#rateRoom(now)));
  }

  /** Whether a delivery that is started now is the one that shows whether the endpoint works again. */
  probes(now: number): boolean {
    return gate(this.health, now) === 'probe';
  }

  /** Whether its circuit lets nothing through now. */
  isClosed(now: number): boolean {
    return gate(this.health, now) === 'closed';
  }

  /** When `room` may be larger than now; undefined if only an answer can change it. */
  waitsUntil(now: number): number | undefined {
    if (this.isClosed(now)) return this.health.nextProbeAt?.getTime();
    const oldest = this.#sent[0];
    return oldest !== undefined && this.#rateRoom(now) <= 0 ? oldest + 1000 : undefined;
  }

  /** What a claim saw of the endpoint. What is known about one receiver says nothing about another. */
  see(
    seen: Readonly<{ url: string | null; is_strict: boolean; max_deliveries_per_second: number | null }>,
  ): void {
    this.maxPerSecond = seen.max_deliveries_per_second ?? undefined;
    this.isStrict = seen.is_strict;
    if (this.#url !== undefined && this.#url !== seen.url) this.health = healthy();
    this.#url = seen.url ?? undefined;
  }

  begin(count: number, now: number): void {
    this.lastUsedAt = now;
    if (count === 0) return;
    if (this.probes(now)) {
      this.isProbing = true;
      this.health = { ...this.health, circuit: 'HALF_OPEN' };
    }
    this.inFlight += count;
    this.#pending += count;
  }

  /**
   * A started delivery is sent now. The rate counts from here: deliveries that were claimed at one time may be sent
   * at another, and until then each counts as if it could be sent at any moment. So no second ever has more than the
   * rate, however slowly a body was read.
   */
  send(now: number): void {
    this.#pending = Math.max(0, this.#pending - 1);
    if (this.maxPerSecond !== undefined) this.#sent.push(now);
  }

  /** A started delivery has left its slot. */
  end(options: { wasSent: boolean }): void {
    if (!options.wasSent) this.#pending = Math.max(0, this.#pending - 1);
    if (this.inFlight === 0) return;
    this.inFlight -= 1;
    if (this.inFlight === 0) this.isProbing = false;
  }

  /** The last holder may have used this second's allowance, so a takeover begins with none. */
  assumeSpent(now: number): void {
    if (this.maxPerSecond === undefined) return;
    this.#sent = Array.from({ length: this.maxPerSecond }, () => now);
  }

  /** Whether a success ends what its owner was told. */
  recovers(): boolean {
    const wasTold = this.isToldFailing;
    this.isToldFailing = false;
    return wasTold;
  }

  widen(): void {
    this.window = Math.min(largestWindow, this.window + 1);
  }

  narrow(): void {
    this.window = Math.max(1, Math.floor(this.window / 2));
  }

  /**
   * Looks again at rows that became due up to `ms` before the cursor, because a transaction may have committed late.
   */
  rewind(ms: number): void {
    if (this.cursor === beginning) return;
    this.cursor = { ...beginning, dueAt: new Date(Math.max(0, this.cursor.dueAt.getTime() - ms)) };
  }

  #rateRoom(now: number): number {
    if (this.maxPerSecond === undefined) return Number.POSITIVE_INFINITY;
    const fresh = this.#sent.findIndex((at) => at > now - 1000);
    this.#sent = fresh === -1 ? [] : this.#sent.slice(fresh);
    return this.maxPerSecond - this.#sent.length - this.#pending;
  }
}
