import { RequestError } from '../errors.ts';

/** How long who has too many of something is asked to wait. One of them has to end before that helps. */
export const retryAfterSeconds = 10;

/**
 * How many of something each holder has at present in this process, and the most that one may have. A token buys many
 * requests; without an end to what it may hold open, one would be enough for all memory and all file handles.
 */
export class Holdings {
  readonly #what: string;
  readonly #most: number;
  readonly #onRefused: () => void;
  readonly #byHolder = new Map<string, number>();

  constructor(options: {
    /** In the plural, as it reads in a refusal. */
    what: string;
    most: number;
    onRefused: () => void;
  }) {
    this.#what = options.what;
    this.#most = options.most;
    this.#onRefused = options.onRefused;
  }

  /** What the one with most of them holds. */
  get greatest(): number {
    return Math.max(0, ...this.#byHolder.values());
  }

  /** One more, until the returned function is called. Throws RATE_LIMITED where the holder has as many as it may. */
  hold(holder: string): () => void {
    const held = this.#byHolder.get(holder) ?? 0;
    if (held >= this.#most) {
      this.#onRefused();
      throw new RequestError('RATE_LIMITED', `At most ${this.#most} ${this.#what} may be open at once.`, {
        limit: this.#most,
        retryAfterSeconds,
      });
    }
    this.#byHolder.set(holder, held + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#byHolder.get(holder) ?? 1) - 1;
      if (left === 0) this.#byHolder.delete(holder);
      else this.#byHolder.set(holder, left);
    };
  }
}
