import { setImmediate } from 'node:timers/promises';

/** Longer turns would delay everybody else's requests noticeably. */
const longestTurnMs = 20;

/**
 * Work whose length strangers decide pauses from time to time, so that everything else goes on meanwhile. Ask after each
 * piece of it.
 */
export class Pauses {
  #since = performance.now();

  /** Resolves when the event loop has gone round; undefined while the work may go on. */
  due(): Promise<void> | undefined {
    return performance.now() - this.#since < longestTurnMs ? undefined : this.#pause();
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
