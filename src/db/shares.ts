import { UnavailableError } from '../errors.ts';

/** A caller that waits longer than this is told to try again. */
const usualPatienceMs = 5_000;

/**
 * Limits how many connections one holder, for example a tenant, uses at once. A holder that asks for more waits until
 * one of its own is free. Otherwise twelve slow reads of one tenant would occupy the whole pool.
 */
export class Shares {
  readonly #most: number;
  readonly #patienceMs: number;
  readonly #held = new Map<string, { count: number; waiting: (() => void)[] }>();

  constructor(most: number, patienceMs = usualPatienceMs) {
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  /**
   * Resolves once the holder may use one more connection, with the function that gives it back. Throws UNAVAILABLE
   * after too long a wait.
   */
  async take(holder: string): Promise<() => void> {
    const held = this.#held.get(holder) ?? { count: 0, waiting: [] };
    this.#held.set(holder, held);
    if (held.count >= this.#most) await turnOf(held.waiting, this.#patienceMs);
    held.count += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      held.count -= 1;
      held.waiting.shift()?.();
      if (held.count === 0 && held.waiting.length === 0) this.#held.delete(holder);
    };
  }
}

function turnOf(waiting: (() => void)[], patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(
        new UnavailableError(
          'Too many of your requests are reading from the database at once, so this one waited too long. Try again.',
        ),
      );
    }, patienceMs);
    waiting.push(go);
  });
}
