import { Worker } from 'node:worker_threads';
import { RequestError, type ValidationIssue } from '../errors.ts';
import type { CheckAnswer, CheckRequest } from './check-protocol.ts';

/** Two workers, so that one owner keeps at most one of them busy. */
const maxWorkers = 2;
/**
 * The time limit for one schema and the payloads that are checked against it together. A normal check takes some
 * milliseconds.
 */
const defaultMaxCheckMs = 1_500;
const maxWorkerMegabytes = 192;
/** The limit for waiting checks of one owner. */
const maxWaitingOfOwner = 64;

export type CheckOutcome =
  | { kind: 'checked'; issues: readonly (readonly ValidationIssue[])[] }
  | { kind: 'unusable'; message: string }
  /** It took too long, or more memory or stack than there is. */
  | { kind: 'too costly' };

type Job = Readonly<{
  ownerId: string;
  schema: string;
  payloads: readonly string[];
  done(outcome: CheckOutcome): void;
}>;

type Slot = { worker: Worker; job: Job | undefined; timer: NodeJS.Timeout | undefined; isReady: boolean };

/**
 * Checks payloads against schemas in workers, because both come from outside and a check may take any amount of time.
 * A check that exceeds its time ends together with its worker, which is replaced.
 *
 * Owners take turns. An owner has one check running at a time. After a check that was too costly it waits for as long
 * as that check took. So an owner that sends such checks gets half of one worker, and the others have the rest.
 * Workers have a low priority and start when they are first needed.
 */
export class CheckPool {
  readonly #maxCheckMs: number;
  readonly #slots = new Set<Slot>();
  /** The owners, in the order of their turns. */
  readonly #waiting = new Map<string, Job[]>();
  readonly #resting = new Set<string>();
  #lastId = 0;
  #isClosed = false;

  constructor(options: { maxCheckMs?: number } = {}) {
    this.#maxCheckMs = options.maxCheckMs ?? defaultMaxCheckMs;
  }

  /** Throws RATE_LIMITED if too many checks of the owner are waiting already. */
  check(ownerId: string, asked: Pick<Job, 'schema' | 'payloads'>): Promise<CheckOutcome> {
    const waiting = this.#waiting.get(ownerId) ?? [];
    if (waiting.length >= maxWaitingOfOwner) {
      throw new RequestError(
        'RATE_LIMITED',
        'Too many payloads are waiting to be checked. Nothing was stored. Try again in a moment.',
        { retryAfterSeconds: 2 },
      );
    }
    return new Promise((done) => {
      this.#waiting.set(ownerId, [...waiting, { ownerId, ...asked, done }]);
      this.#begin();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const jobs of this.#waiting.values()) for (const job of jobs) job.done({ kind: 'too costly' });
    this.#waiting.clear();
    await Promise.all([...this.#slots].map(({ worker }) => worker.terminate()));
  }

  #begin(): void {
    if (this.#isClosed) return;
    for (const [ownerId, [job, ...later]] of this.#waiting) {
      if (job === undefined || this.#resting.has(ownerId)) continue;
      const slot = this.#freeSlot();
      if (slot === undefined) return;
      this.#waiting.delete(ownerId);
      if (later.length > 0) this.#waiting.set(ownerId, later);
      this.#resting.add(ownerId);
      this.#run(slot, job);
    }
  }

  #freeSlot(): Slot | undefined {
    for (const slot of this.#slots) if (slot.job === undefined) return slot;
    return this.#slots.size < maxWorkers ? this.#open() : undefined;
  }

  /** A worker that starts while the others are busy, so that the next owner does not wait for its start. */
  #keepSpare(): void {
    const isBusy = [...this.#slots].every(({ job }) => job !== undefined);
    if (isBusy && this.#slots.size < maxWorkers) this.#open();
  }

  #open(): Slot {
    const worker = openWorker();
    const slot: Slot = { worker, job: undefined, timer: undefined, isReady: false };
    this.#slots.add(slot);
    // A waiting worker does not keep the process alive.
    worker.unref();
    worker.on('message', (message: CheckAnswer | 'ready') => {
      if (message !== 'ready') return this.#finish(slot, message);
      slot.isReady = true;
      if (slot.job !== undefined) this.#send(slot, slot.job);
    });
    worker.on('error', () => this.#drop(slot));
    worker.on('exit', () => this.#drop(slot));
    return slot;
  }

  #run(slot: Slot, job: Job): void {
    slot.job = job;
    if (slot.isReady) this.#send(slot, job);
    this.#keepSpare();
  }

  /** The time begins when the worker has started, because its start is not the payload's fault. */
  #send(slot: Slot, { schema, payloads }: Job): void {
    this.#lastId += 1;
    slot.timer = setTimeout(() => void slot.worker.terminate(), this.#maxCheckMs);
    slot.worker.postMessage({ id: this.#lastId, schema, payloads } satisfies CheckRequest);
  }

  #finish(slot: Slot, answer: CheckAnswer): void {
    this.#settle(slot, answer.kind === 'failed' ? { kind: 'too costly' } : answer);
  }

  #drop(slot: Slot): void {
    this.#slots.delete(slot);
    this.#settle(slot, { kind: 'too costly' });
  }

  #settle(slot: Slot, outcome: CheckOutcome): void {
    const { job } = slot;
    clearTimeout(slot.timer);
    slot.job = undefined;
    if (job !== undefined) {
      job.done(outcome);
      const pauseMs = outcome.kind === 'too costly' ? this.#maxCheckMs : 0;
      const rested = () => {
        this.#resting.delete(job.ownerId);
        this.#begin();
      };
      if (pauseMs === 0) rested();
      else setTimeout(rested, pauseMs).unref();
    } else this.#begin();
  }
}

function openWorker(): Worker {
  const name = import.meta.url.endsWith('.ts') ? './start-check-worker.mjs' : './check-worker.js';
  return new Worker(new URL(name, import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: maxWorkerMegabytes },
    execArgv: [],
  });
}
