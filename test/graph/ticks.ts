import type { Context } from '../../src/graph/context.ts';

/** A source of subscriptions that counts how many streams were opened, pulled from and returned. */
export class Ticks {
  opened = 0;
  returned = 0;
  pulled = 0;
  #onReturn: (() => void)[] = [];

  /** Resolves when `count` streams have been told to return. */
  whenReturned(count: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.returned >= count) resolve();
        else this.#onReturn.push(look);
      };
      look();
    });
  }

  subscribe(to: number, context: Context, options: { hangs?: boolean } = {}): AsyncIterableIterator<number> {
    this.opened += 1;
    let next = 0;
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      this.returned += 1;
      for (const listener of this.#onReturn.splice(0)) listener();
    };
    const source = this;
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next() {
        if (options.hangs === true && next >= to) return new Promise(() => undefined);
        if (ended || next >= to) {
          end();
          return Promise.resolve({ done: true, value: undefined });
        }
        next += 1;
        source.pulled += 1;
        if (context.progress !== undefined) context.progress.taken = next;
        // A real source yields to the event loop; one that never does would block every socket.
        return new Promise((resolve) => setImmediate(resolve, { done: false, value: next }));
      },
      return() {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
