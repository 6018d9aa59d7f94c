import { AsyncLocalStorage } from 'node:async_hooks';
import { UnavailableError } from '../errors.ts';

/** Whoever waits longer is told to come again. */
const usualPatienceMs = 5_000;

const holders = new AsyncLocalStorage<string>();

/** Whatever `act` asks the database is counted towards this holder's share of the connections. */
export const asHolder = <T>(holder: string, act: () => T): T => holders.run(holder, act);

/**
 * How many connections one holder, a tenant for example, uses at once. One that asks for more waits for its own: twelve
 * slow reads of one tenant would otherwise be all that anybody gets.
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
   * Resolves once the current holder may use one more connection, with the function that gives it back. Throws
   * UNAVAILABLE where it has to wait for too long.
   */
  async take(): Promise<() => void> {
    const holder = holders.getStore();
    if (holder === undefined) return () => undefined;
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
        new UnavailableError('So much of yours is being read already that this had to wait for too long.'),
      );
    }, patienceMs);
    waiting.push(go);
  });
}
