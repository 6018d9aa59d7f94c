import { SendFailure } from './send-failure.ts';

/**
 * One clock for all stages of a send. Each stage says how it is stopped; only the latest stage is running, so
 * only its stop is called, at once when the time is up already. One timer per send, whatever it goes through.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  #message: string | undefined;
  #stop: ((failure: SendFailure) => void) | undefined;

  constructor(timeoutMs: number, signal?: AbortSignal) {
    this.#timer = setTimeout(() => this.#expire('no response within the time allowed'), timeoutMs);
    this.#signal = signal;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort);
  }

  /** Makes `stop` the way to end the running stage. */
  onExpiry(stop: (failure: SendFailure) => void): void {
    this.#stop = stop;
    if (this.#message !== undefined) stop(new SendFailure('TIMEOUT', this.#message));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#stop = undefined;
  }

  readonly #onAbort = (): void => this.#expire('stopped before a response came');

  #expire(message: string): void {
    if (this.#message !== undefined) return;
    this.#message = message;
    this.#stop?.(new SendFailure('TIMEOUT', message));
  }
}
