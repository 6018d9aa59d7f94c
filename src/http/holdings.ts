import { RequestError } from '../errors.ts';

/** How long a caller that has too many of something is asked to wait. One of them must end before that helps. */
export const retryAfterSeconds = 10;

/**
 * Counts how many of something each holder has in this process, and limits it. A token allows many requests, so
 * without a limit on what stays open, one token could use up all memory and all file handles.
 */
export class Holdings {
  readonly #what: string;
  readonly #most: number;
  readonly #onRefused: () => void;
  readonly #byHolder = new Map<string, number>();

  constructor(options: {
    /** The name in the plural, for the error message. */
    what: string;
    most: number;
    onRefused: () => void;
  }) {
    this.#what = options.what;
    this.#most = options.most;
    this.#onRefused = options.onRefused;
  }

  /** The number of the holder that has the most. */
  get greatest(): number {
    return Math.max(0, ...this.#byHolder.values());
  }

  /** Counts one more until the returned function is called. Throws RATE_LIMITED if the holder has reached the limit. */
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
