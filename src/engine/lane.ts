import { lowestUuid } from '../ids.ts';
import { gate, type Health, healthy } from './circuit.ts';

/**
 * One endpoint's turn: what its one worker knows of it in memory. Lanes are hints and cursors, never rows: one that
 * is forgotten is found again by discovery.
 *
 * How many deliveries may be in flight grows from 4 with each success up to 128, and halves with each time-out: an
 * endpoint that never answers cannot occupy the process, a good one reaches its speed within a few answers.
 */
const firstWindow = 4;
const largestWindow = 128;

export type Cursor = { dueAt: Date; deliveryId: string };

export const beginning: Cursor = { dueAt: new Date(0), deliveryId: lowestUuid };

export class Lane {
  readonly ownerId: string;
  readonly endpointId: string;
  readonly shard: number;
  /** Claimed up to here: what lies before is in flight or was ended. */
  cursor: Cursor = beginning;
  /** How often it was said that something may be due: a mark that comes during a claim outlasts it. */
  marks = 0;
  inFlight = 0;
  window = firstWindow;
  health: Health = healthy();
  maxPerSecond: number | undefined;
  /** One at a time. What the database says counts; this spares asking it in vain. */
  isStrict = false;
  /** Whether health and rate were read from the database since the shard was taken. */
  isLoaded = false;
  isProbing = false;
  lastUsedAt = 0;
  /** Claimed, and not sent yet. */
  #pending = 0;
  /** When the last ones were sent, in milliseconds; as many as `maxPerSecond` allows. */
  #sent: number[] = [];

  constructor(options: { ownerId: string; endpointId: string; shard: number }) {
    this.ownerId = options.ownerId;
    this.endpointId = options.endpointId;
    this.shard = options.shard;
  }

  /** How many deliveries may be begun now. */
  room(now: number): number {
    const state = gate(this.health, now);
    if (state === 'closed') return 0;
    if (state === 'probe') return this.isProbing || this.inFlight > 0 ? 0 : 1;
    const slots = this.isStrict ? 1 : this.window;
    return Math.max(0, Math.min(slots - this.inFlight, this.#rateRoom(now)));
  }

  /** Whether what is begun now is the one that tells if the endpoint is well again. */
  probes(now: number): boolean {
    return gate(this.health, now) === 'probe';
  }

  /** When `room` may be more than now; undefined where only an answer can change it. */
  waitsUntil(now: number): number | undefined {
    if (gate(this.health, now) === 'closed') return this.health.nextProbeAt?.getTime();
    const oldest = this.#sent[0];
    return oldest !== undefined && this.#rateRoom(now) <= 0 ? oldest + 1000 : undefined;
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
   * One that was begun is sent now. The rate counts from here: what was claimed at one time may leave at another, and
   * counts until then as if it left at any moment. So no second ever has more than the rate, however slow a body was
   * to read.
   */
  send(now: number): void {
    this.#pending = Math.max(0, this.#pending - 1);
    if (this.maxPerSecond !== undefined) this.#sent.push(now);
  }

  /** One that was begun has left its slot. */
  end(options: { wasSent: boolean }): void {
    if (!options.wasSent) this.#pending = Math.max(0, this.#pending - 1);
    if (this.inFlight === 0) return;
    this.inFlight -= 1;
    if (this.inFlight === 0) this.isProbing = false;
  }

  /** The last holder may have used this second's allowance: a takeover begins with none. */
  assumeSpent(now: number): void {
    if (this.maxPerSecond === undefined) return;
    this.#sent = Array.from({ length: this.maxPerSecond }, () => now);
  }

  widen(): void {
    this.window = Math.min(largestWindow, this.window + 1);
  }

  narrow(): void {
    this.window = Math.max(1, Math.floor(this.window / 2));
  }

  /** Looks again at what became due up to `ms` before the cursor: a transaction may have committed late. */
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
