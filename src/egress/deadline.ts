import { SendFailure } from './send-failure.ts';

/** By signal, whoever is to be stopped by it: one listener for all, since adding and removing one costs 10 µs. */
const stoppedBy = new WeakMap<AbortSignal, Set<Deadline>>();

function stoppableBy(signal: AbortSignal): Set<Deadline> {
  const known = stoppedBy.get(signal);
  if (known !== undefined) return known;
  const deadlines = new Set<Deadline>();
  stoppedBy.set(signal, deadlines);
  signal.addEventListener('abort', () => {
    for (const deadline of deadlines) deadline.stop();
  });
  return deadlines;
}

/**
 * One timer for all stages of a send. Each stage says how to stop it. Only the latest stage is running, so only that
 * one is stopped when the time is up; if the time is up already, it is stopped at once.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  readonly #siblings: Set<Deadline> | undefined;
  #message: string | undefined;
  #stop: ((failure: SendFailure) => void) | undefined;

  constructor(timeoutMs: number, signal?: AbortSignal) {
    this.#timer = setTimeout(() => this.#expire('no response within the time allowed'), timeoutMs);
    if (signal?.aborted === true) this.stop();
    else if (signal !== undefined) this.#siblings = stoppableBy(signal).add(this);
  }

  /** Makes `stop` the way to end the running stage. */
  onExpiry(stop: (failure: SendFailure) => void): void {
    this.#stop = stop;
    if (this.#message !== undefined) stop(new SendFailure('TIMEOUT', this.#message));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#siblings?.delete(this);
    this.#stop = undefined;
  }

  /** Ends the send now. */
  stop(): void {
    this.#expire('stopped before a response came');
  }

  #expire(message: string): void {
    if (this.#message !== undefined) return;
    this.#message = message;
    this.#stop?.(new SendFailure('TIMEOUT', message));
  }
}
