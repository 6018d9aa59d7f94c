import { setMaxListeners } from 'node:events';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { databaseNow } from '../clock.ts';
import { Places } from '../db/places.ts';
import { messageOf } from '../errors.ts';
import type { Lane } from '../lanes/lane.ts';
import { loadLanes } from '../lanes/lane-health.ts';
import { Lanes } from '../lanes/lanes.ts';
import { Leases } from '../lanes/leases.ts';
import { Scout } from '../lanes/scout.ts';
import type { SigningKey } from '../signing/sign.ts';
import type { Change } from '../status/change.ts';
import { isTold } from '../telling/announce.ts';
import { Tellings } from '../telling/tellings.ts';
import { AttemptTrace } from '../tracing/delivery-trace.ts';
import { aimProbes } from './aim-probes.ts';
import { attempt, ownHeaders } from './attempt.ts';
import { attemptDeadline } from './attempt-deadline.ts';
import { BodyBudget } from './body-budget.ts';
import { type ClaimedRow, claim, rowsByEndpoint, type Take } from './claim.ts';
import {
  changeAfterAttempt,
  changeInsteadOfSending,
  cutChange,
  deliveringChange,
  unsentChange,
} from './decide.ts';
import { Learning } from './learning.ts';
import { LostClaims } from './lost-claims.ts';
import { type EventToSend, readToSend } from './read-to-send.ts';
import { Settler } from './settler.ts';
import { shareOut } from './share-out.ts';
import { Signal } from './signal.ts';
import type { WorkerOptions } from './worker-options.ts';

/**
 * Sends what is due. One process runs one worker; any number of processes share the work by leases.
 *
 *   lease shards -> mark lanes (scout) -> claim for free slots -> attempt -> settle, fenced by the claim
 *
 * What must hold, whatever dies when:
 * - A row of `due` is the promise. It goes only in the transaction that ends the delivery in the log. Between the
 *   claim and the settle the process may die at any line: the row stays, its claim is free once the lease changes
 *   hands, and the next holder records the interrupted attempt and sends again.
 * - Only rows that are begun at once are claimed, so what a claim saw of the endpoint is what is sent.
 * - Nothing is begun that could outlast the lease.
 * - Whatever is thrown during an attempt is that delivery's failed attempt.
 *
 * Fairness: slots are shared by turns among lanes, and bounded per endpoint, per owner and per process; an endpoint
 * starts with few and earns more. So a tenant with a million deliveries, or one whose endpoints never answer, leaves
 * slots for the rest.
 */
const slotsOfProcess = 512;
const slotsOfOwner = 256;
const rowsPerClaim = 256;
/** Starting more at once blocks the event loop: beside a full queue the p99 of others was a quarter longer. */
const beginsAtOnce = 32;
/** How long an attempt runs before it is shown as DELIVERING. */
const showDeliveringAfterMs = 1_000;
/** The loop runs at least this often, for rate limits and circuits whose time has come. */
const idleMs = 250;
/** A lease outlasts the longest usual attempt by this, by default. */
const usualLeaseMarginMs = 15_000;

const ownerOfLane = ({ ownerId }: Lane) => ownerId;
const ownerOfTake = ({ lane }: Take) => lane.ownerId;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #lanes = new Lanes();
  readonly #leases: Leases;
  readonly #scout: Scout;
  readonly #settler: Settler;
  readonly #tellings: Tellings;
  readonly #learning: Learning;
  readonly #wake = new Signal();
  readonly #abort = new AbortController();
  /** The shards of the running claim, whose deliveries are running before we know them. */
  readonly #claiming = new Set<number>();
  readonly #lostClaims = new LostClaims();
  /** The running deliveries of this process. A delivery is in it twice if it was claimed again under a later epoch. */
  readonly #underWay = new Set<ClaimedRow>();
  /** Those of them that have been sent. */
  readonly #sent = new Set<ClaimedRow>();
  readonly #bodies = new BodyBudget();
  readonly #places: Places;
  #isClaiming = false;
  #running: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    // One listener for each running attempt.
    setMaxListeners(slotsOfProcess * 2, this.#abort.signal);
    const { database, logger } = options;
    this.#places = new Places(options);
    this.#settler = new Settler({
      ...{ database, logger },
      onSettled: (seconds) => options.metrics.settled(seconds),
    });
    this.#tellings = new Tellings({ database, logger, rules: options.config, mailer: options.mailer });
    this.#learning = new Learning({ worker: options, lanes: this.#lanes, tellings: this.#tellings });
    this.#leases = new Leases({
      url: options.directUrl,
      logger,
      leaseMs: options.config.deliveryTimeoutMs + (options.leaseMarginMs ?? usualLeaseMarginMs),
      onGained: (shard) => this.#scout.gain(shard),
      onLost: (shard) => {
        this.#scout.lose(shard);
        this.#lanes.dropShard(shard);
      },
      isIdle: (shard) => this.#lanes.inFlightOfShard(shard) === 0 && !this.#claiming.has(shard),
    });
    this.#scout = new Scout({
      database,
      logger,
      lanes: this.#lanes,
      leases: this.#leases,
      onMark: () => this.#wake.notify(),
    });
    options.metrics.observe({
      inFlight: () => this.#underWay.size,
      bodyBytes: () => this.#bodies.bytes,
      lanes: () => this.#lanes.size,
      shards: () => this.#leases.heldShards().length,
      openCircuits: () => this.#lanes.openCircuits(databaseNow()),
    });
  }

  /** The shards that it looks after now. */
  heldShards(): number[] {
    return this.#leases.heldShards();
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#isClaiming = true;
    this.#options.database.hints.subscribe((words) => this.#scout.hear(words));
    this.#leases.start();
    this.#tellings.start();
    this.#scout.start();
    this.#running = this.#run();
  }

  /**
   * Stops claiming, lets running attempts finish for `graceMs`, leaves the rest to the next holder, and hands the
   * leases back. It is safe to call it twice.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isClaiming = false;
    this.#leases.surrenderAll();
    this.#wake.notify();
    await Promise.all([this.#running, this.#scout.stop()]);
    const giveUpAt = performance.now() + graceMs;
    while (this.#underWay.size > 0 && performance.now() < giveUpAt) await this.#wake.wait(50);
    this.#abort.abort();
    this.#settler.stop();
    await Promise.all([this.#leases.stop(), this.#tellings.stop()]);
  }

  async #run(): Promise<void> {
    while (this.#isClaiming) {
      try {
        await this.#freeLostClaims();
        const claimed = await this.#claimRound();
        if (claimed === 0)
          await this.#wake.wait(this.#lanes.waitMs(databaseNow(), { idleMs, most: rowsPerClaim }));
      } catch (error) {
        this.#options.logger.warn({ error: messageOf(error) }, 'claim failed, trying again');
        await delay(200);
      }
    }
  }

  /** Claims deliveries for the free slots and starts them. Returns the number. */
  async #claimRound(): Promise<number> {
    const free = Math.min(slotsOfProcess - this.#underWay.size, this.#bodies.room(), rowsPerClaim);
    if (free <= 0 || !this.#lanes.hasMarked) return 0;
    const now = databaseNow();
    const lanes = this.#lanes.takeTurns(free, now, (lane) => this.#roomOf(lane, now) > 0);
    const unknown = lanes.filter((lane) => !lane.isLoaded);
    await this.#places.each(unknown, ownerOfLane, (part) => loadLanes(this.#options.database, part));
    const shares = shareOut(
      lanes.filter(({ isLoaded }) => isLoaded),
      free,
      {
        roomOf: (lane, at) => this.#roomOf(lane, at),
        epochOf: (shard) => this.#leases.epochOf(shard),
      },
    );
    if (shares.length === 0) return 0;
    for (const { lane } of shares) this.#claiming.add(lane.shard);
    let claimed = 0;
    const claimPart = async (part: readonly Take[]) => {
      claimed += await this.#claimShares(part);
    };
    await this.#places.each(shares, ownerOfTake, claimPart).finally(() => this.#claiming.clear());
    return claimed;
  }

  async #claimShares(shares: readonly Take[]): Promise<number> {
    const { takes, rows } = await this.#take(shares);
    const byEndpoint = rowsByEndpoint(rows);
    for (const take of takes) this.#account(take, byEndpoint.get(take.lane.endpointId) ?? []);
    if (rows.length > 0) void this.#begin(rows);
    return rows.length;
  }

  async #take(shares: readonly Take[]): Promise<{ takes: readonly Take[]; rows: readonly ClaimedRow[] }> {
    // If that fails, probes are taken from their cursors.
    const takes = await aimProbes(this.#options.database, shares).catch(() => shares);
    try {
      return { takes, rows: await claim(this.#options.database, this.#leases.workerId, takes) };
    } catch (error) {
      // Only a later look tells whether the claim was committed.
      this.#lostClaims.note(takes, performance.now());
      throw error;
    }
  }

  async #freeLostClaims(): Promise<void> {
    const freed = await this.#lostClaims.free(this.#options.database, this.#leases.workerId, {
      places: this.#places,
      underWay: () => [...this.#underWay].map(({ delivery_id }) => delivery_id),
      now: performance.now(),
    });
    for (const row of freed) {
      this.#lanes.mark(row.owner_id, row.endpoint_id, { dueAt: row.due_at, deliveryId: row.delivery_id });
    }
  }

  #roomOf(lane: Lane, now: number): number {
    if (this.#places.isResting(lane.ownerId)) return 0;
    if (this.#leases.epochOf(lane.shard) === undefined) return 0;
    if (this.#leases.timeLeftMs(lane.shard) < this.#options.config.deliveryTimeoutMs) return 0;
    const { ownerId } = lane;
    const ofOwner = slotsOfOwner - this.#lanes.inFlightOfOwner(ownerId);
    return Math.min(lane.room(now), ofOwner, this.#bodies.roomOfOwner(ownerId));
  }

  /** Moves the lane's cursor past the claimed rows. A lane that gave fewer rows than requested has nothing more due. */
  #account({ lane, count, marks, isProbe, aim }: Take, rows: readonly ClaimedRow[]): void {
    const last = rows.at(-1);
    if (last !== undefined) {
      // A probe may be anywhere, with others before it.
      if (!isProbe && !last.is_strict) lane.cursor = { dueAt: last.due_at, deliveryId: last.delivery_id };
      lane.see(last);
    }
    this.#lanes.begin(lane, rows.length, databaseNow());
    for (const row of rows) {
      this.#underWay.add(row);
      this.#bodies.reserve(row);
    }
    // After a probe, only the rows behind its place are known.
    if (rows.length < count && aim === undefined) this.#lanes.unmark(lane, marks);
  }

  async #begin(rows: readonly ClaimedRow[]): Promise<void> {
    const { database, config, secrets } = this.#options;
    const sendable: ClaimedRow[] = [];
    for (const row of rows) {
      const change = changeInsteadOfSending(row, config);
      if (change === undefined) sendable.push(row);
      else this.#settleUnsent(row, change);
    }
    if (sendable.length === 0) return;
    try {
      const { events, keys } = await readToSend(database, secrets, {
        rows: sendable,
        onUnreadable: (endpoint, error) =>
          this.#options.logger.error(
            { endpoint, error: messageOf(error) },
            'could not read a signing secret',
          ),
      });
      for (const row of sendable) this.#bodies.hold(row, events.get(row.event_id)?.bytes ?? 0);
      this.#wake.notify();
      for (const [index, row] of sendable.entries()) {
        if (index > 0 && index % beginsAtOnce === 0) await setImmediate();
        void this.#deliver(row, events.get(row.event_id), keys.get(row.endpoint_id));
      }
    } catch (error) {
      this.#options.logger.warn(
        { error: messageOf(error), rows: sendable.length },
        'could not start claimed deliveries, handing them back',
      );
      for (const row of sendable) {
        this.#settleUnsent(row, unsentChange(row, { kind: 'defer', delayMs: 1_000 }));
      }
    }
  }

  /** No body is read for it, so the space is free before its result is settled. */
  #settleUnsent(row: ClaimedRow, change: Change): void {
    this.#bodies.hold(row, 0);
    void this.#settle(row, change);
  }

  async #deliver(
    row: ClaimedRow,
    event: EventToSend | undefined,
    keys: readonly SigningKey[] | undefined,
  ): Promise<void> {
    const { config, sender, metrics } = this.#options;
    // The event is past retention, so there is nothing left to send.
    if (event === undefined) {
      return this.#settle(row, unsentChange(row, { kind: 'end', status: 'FAILED', reason: 'CANCELLED' }));
    }
    // Without a secret the endpoint has just been deleted. Without time the lease could end before the attempt does.
    if (keys === undefined || this.#leases.timeLeftMs(row.shard) < config.deliveryTimeoutMs) {
      return this.#settle(row, unsentChange(row, { kind: 'defer', delayMs: 1_000 }));
    }
    const limit = attemptDeadline(row, config.deliveryTimeoutMs, [this.#leases, this.#abort.signal]);
    const show = setTimeout(() => void this.#settler.settle(deliveringChange(row)), showDeliveringAfterMs);
    const startedAt = new Date(databaseNow());
    this.#lanes.find(row.endpoint_id)?.send(startedAt.getTime());
    this.#sent.add(row);
    const extra = () => ownHeaders(row, this.#options.secrets);
    const traced = new AttemptTrace(row, event);
    const outcome = await traced.send(limit, (trace) =>
      attempt(sender, row, {
        body: event.body,
        keys,
        extra,
        trace,
        startedAt,
        timeoutMs: limit.timeoutMs,
        signal: limit.signal,
        isLate: limit.isLate,
      }),
    );
    clearTimeout(show);
    limit.end();
    // Not an answer. At our shutdown the next holder frees the row; if the lease turns out to be still ours, only we can.
    if (limit.wasCut() && outcome.outcome !== 'SUCCEEDED')
      return this.#abort.signal.aborted ? this.#release(row) : this.#settle(row, cutChange(row, startedAt));
    metrics.attempted(outcome);
    const learnt = this.#learning.learn(row, outcome);
    if (learnt !== undefined) await learnt;
    // This comes before the settle: a process that dies between the two leaves a delivery that is answered 410 again.
    if (outcome.responseStatus === 410) await this.#learning.giveUp(row, 'GONE');
    const change = changeAfterAttempt(row, outcome, {
      scheduleSeconds: config.retrySchedule,
      random: Math.random(),
      now: databaseNow(),
    });
    await traced.settle(change.to, () => this.#settle(row, change));
    const isDead = change.to.kind === 'end' && change.to.status === 'DEAD_LETTER';
    if (!isDead || row.kind === 'TEST' || isTold(event.body)) return;
    const place = { ownerId: row.owner_id, endpointId: row.endpoint_id };
    this.#tellings.deadLettered(place, this.#lanes.find(row.endpoint_id)?.health.failingSince);
  }

  async #settle(row: ClaimedRow, change: Change): Promise<void> {
    const applied = await this.#settler.settle(change);
    if (applied === undefined) this.#options.metrics.fenced();
    // Due again at once, so that no scout has to find it; or the next of a strict order may be sent.
    const dueAt = applied?.due_at;
    const from = dueAt && Number(dueAt) <= databaseNow() ? { dueAt, deliveryId: row.delivery_id } : undefined;
    if ((from || row.is_strict) && this.#leases.epochOf(row.shard) !== undefined)
      this.#lanes.mark(row.owner_id, row.endpoint_id, from);
    this.#release(row);
  }

  #release(row: ClaimedRow): void {
    this.#underWay.delete(row);
    this.#bodies.release(row);
    const place = { ownerId: row.owner_id, endpointId: row.endpoint_id, shard: row.shard };
    this.#lanes.end(place, { wasSent: this.#sent.delete(row) });
    this.#wake.notify();
  }
}
