import type { LogBatch, LogPoint } from './read-log.ts';

const mostKept = 16;
/** Batches with more changes are seldom the same for two subscribers: those who catch up go at their own pace. */
const mostChanges = 100;
const keptMs = 1_000;

/** What one subscriber got from memory, and where that took it. */
export type Step = Readonly<{
  filterKey: string;
  from: number;
  after: number;
  head: number;
  covered: number | undefined;
  maxBatch: number;
  /** Undefined if no change matched the filter. */
  batch: LogBatch | undefined;
  point: LogPoint;
}>;

/**
 * The batches that were handed out last, so that subscribers who stand at the same position and filter alike get the
 * same object: what follows from it, the result and its text, is then worked out once for all of them.
 *
 * A batch is told by its filter and its bounds. Everything in it follows from these, since the log never changes.
 */
export class SharedBatches {
  readonly #kept = new Map<string, LogBatch>();
  #clearing: NodeJS.Timeout | undefined;
  #lastStep: Step | undefined;

  /** The batch that is kept under the filter and the bounds of this one; this one from now on, where there is none. */
  same(filterKey: string, batch: LogBatch): LogBatch {
    const { after, position, head, changes } = batch;
    if (changes.length > mostChanges) return batch;
    const key = `${after} ${position} ${head} ${filterKey}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    if (this.#kept.size >= mostKept) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(key, batch);
    this.#clearSoon();
    return batch;
  }

  /** The last step of any subscriber, if it begins at the same place: of a thousand who wait there, all but the first take it. */
  step(asked: Omit<Step, 'batch' | 'point'>): Step | undefined {
    const last = this.#lastStep;
    const isSame =
      last?.from === asked.from &&
      last.after === asked.after &&
      last.covered === asked.covered &&
      last.head === asked.head &&
      last.maxBatch === asked.maxBatch &&
      last.filterKey === asked.filterKey;
    return isSame ? last : undefined;
  }

  remember(step: Step): void {
    if (step.batch !== undefined && step.batch.changes.length > mostChanges) return;
    this.#lastStep = step;
    this.#clearSoon();
  }

  #clearSoon(): void {
    this.#clearing ??= setTimeout(() => this.clear(), keptMs).unref();
  }

  clear(): void {
    clearTimeout(this.#clearing);
    this.#clearing = undefined;
    this.#lastStep = undefined;
    this.#kept.clear();
  }
}
