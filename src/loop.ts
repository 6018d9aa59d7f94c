import { setTimeout as delay } from 'node:timers/promises';

export type LoopOptions = Readonly<{
  /** Does one round of the work and returns how many milliseconds to pause before the next one. */
  round(): Promise<number>;
  /** Called with the error that a round threw. Returns how many milliseconds to pause before the next round. */
  onError(error: unknown): number;
}>;

/**
 * Work that goes round in the background until it is stopped.
 *
 * `start` and `stop` may be called twice. `stop` resolves once the round under way has ended; after it nothing starts
 * again. `wake` ends a pause; if it is called during a round, the pause after that round is skipped. Only `stop` ends
 * the loop, never an error.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #stop = new AbortController();
  #pause = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Aborted when the loop is told to stop, so that a long round can end early. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  start(): void {
    if (!this.isStopped) this.#running ??= this.#run();
  }

  wake(): void {
    this.#pause.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.isStopped) {
      this.#pause = new AbortController();
      const { signal } = this.#pause;
      const pauseMs = await this.#round();
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<number> {
    try {
      return await this.#options.round();
    } catch (error) {
      return this.#options.onError(error);
    }
  }
}
