import { AsyncLocalStorage } from 'node:async_hooks';

/** Whoever waits longer goes ahead: a transaction of the same holder may be what it waits for. */
const patienceMs = 5_000;

const holders = new AsyncLocalStorage<string>();

/** Whatever `act` asks the database is counted towards this holder's share of the connections. */
export const asHolder = <T>(holder: string, act: () => T): T => holders.run(holder, act);

/**
 * How many connections one holder, a tenant for example, uses at once. One that asks for more waits for its own: twelve
 * slow reads of one tenant would otherwise be all that anybody gets.
 */
export class Shares {
  readonly #most: number;
  readonly #held = new Map<string, { count: number; waiting: (() => void)[] }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves once the current holder may use one more connection, with the function that gives it back. */
  async take(): Promise<() => void> {
    const holder = holders.getStore();
    if (holder === undefined) return () => undefined;
    const held = this.#held.get(holder) ?? { count: 0, waiting: [] };
    this.#held.set(holder, held);
    if (held.count >= this.#most) await turnOf(held.waiting);
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

function turnOf(waiting: (() => void)[]): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(go), 1);
      resolve();
    }, patienceMs);
    waiting.push(go);
  });
}
