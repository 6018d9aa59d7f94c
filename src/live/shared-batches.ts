import type { LogBatch, LogPoint } from './read-log.ts';

const mostKept = 16;
/** Batches with more changes are seldom the same for two subscribers: those who catch up go at their own pace. */
const mostChanges = 100;
const keptMs = 1_000;

/** What one subscriber got when the reader moved, and where that took it. */
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
  #last: Readonly<{ filterKey: string; batch: LogBatch }> | undefined;
  #clearing: NodeJS.Timeout | undefined;
  /** The last step of any subscriber. The next one mostly stands at the same place, and takes it as it is. */
  lastStep: Step | undefined;

  /** The batch that is kept under the filter and the bounds of this one; this one from now on, where there is none. */
  same(filterKey: string, batch: LogBatch): LogBatch {
    const { after, position, head, changes } = batch;
    if (changes.length > mostChanges) return batch;
    // Of a thousand who wait at the head, all but the first ask for the one that was made last.
    const last = this.#last;
    if (
      last?.filterKey === filterKey &&
      last.batch.after === after &&
      last.batch.position === position &&
      last.batch.head === head
    )
      return last.batch;
    const key = `${after} ${position} ${head} ${filterKey}`;
    const kept = this.#kept.get(key);
    this.#last = { filterKey, batch: kept ?? batch };
    if (kept !== undefined) return kept;
    if (this.#kept.size >= mostKept) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(key, batch);
    this.#clearing ??= setTimeout(() => this.clear(), keptMs).unref();
    return batch;
  }

  clear(): void {
    clearTimeout(this.#clearing);
    this.#clearing = undefined;
    this.#last = undefined;
    this.lastStep = undefined;
    this.#kept.clear();
  }
}
