import type { LogChange } from './read-log.ts';

/** How far it may outgrow its capacity before the oldest are cut off: cutting at each append would copy each time. */
const slack = 256;

/** The most recent changes of one owner's log, dense, at most `capacity` and a little. */
export class Ring {
  readonly #capacity: number;
  #changes: LogChange[] = [];
  /** The position before the oldest change that is held. */
  #start = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The newest position that is covered. */
  get end(): number {
    return this.#start + this.#changes.length;
  }

  /** The change at a position; undefined where it is no longer, or not yet, held. */
  at(position: number): LogChange | undefined {
    return this.#changes[position - this.#start - 1];
  }

  /** Takes changes that follow `end` without a gap. */
  append(changes: readonly LogChange[]): void {
    for (const change of changes) this.#changes.push(change);
    const excess = this.#changes.length - this.#capacity;
    if (excess <= Math.min(slack, this.#capacity)) return;
    this.#changes.splice(0, excess);
    this.#start += excess;
  }

  /** Forgets everything and begins anew behind `position`. */
  reset(position: number): void {
    this.#changes = [];
    this.#start = position;
  }
}
