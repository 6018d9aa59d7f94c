import type { LogChange } from './read-log.ts';

/**
 * How far the ring may exceed its capacity before the oldest changes are removed. Removing them at each append would
 * copy each time.
 */
const slack = 256;

/** The most recent changes of one owner's log, without gaps: at most `capacity` and a little more. */
export class Ring {
  readonly #capacity: number;
  #changes: LogChange[] = [];
  /** The position before the oldest change in the ring. */
  #start = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The newest position that the ring covers. */
  get end(): number {
    return this.#start + this.#changes.length;
  }

  /** The change at a position; undefined if the ring does not hold it. */
  at(position: number): LogChange | undefined {
    return this.#changes[position - this.#start - 1];
  }

  /** Adds changes that follow `end` without a gap. */
  append(changes: readonly LogChange[]): void {
    for (const change of changes) this.#changes.push(change);
    const excess = this.#changes.length - this.#capacity;
    if (excess <= Math.min(slack, this.#capacity)) return;
    this.#changes.splice(0, excess);
    this.#start += excess;
  }

  /** Removes everything and begins again after `position`. */
  reset(position: number): void {
    this.#changes = [];
    this.#start = position;
  }
}
