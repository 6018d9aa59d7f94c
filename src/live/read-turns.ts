/**
 * Lets at most `size` reads run at once. Owners take turns, so that an owner with a thousand subscribers that catch
 * up does not delay another owner's, and all of them together leave the other connections of the pool to callers.
 */
export class ReadTurns {
  readonly #size: number;
  #running = 0;
  /** The waiting reads by owner. The owner whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(size: number) {
    this.#size = size;
  }

  async take<T>(ownerId: string, read: () => Promise<T>): Promise<T> {
    if (this.#running < this.#size) this.#running += 1;
    else await this.#wait(ownerId);
    try {
      return await read();
    } finally {
      this.#pass();
    }
  }

  #wait(ownerId: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(ownerId);
      if (queue === undefined) this.#waiting.set(ownerId, [resolve]);
      else queue.push(resolve);
    });
  }

  /** Passes the turn on, to the next owner first. */
  #pass(): void {
    const [entry] = this.#waiting;
    if (entry === undefined) {
      this.#running -= 1;
      return;
    }
    const [ownerId, queue] = entry;
    const next = queue.shift();
    this.#waiting.delete(ownerId);
    if (queue.length > 0) this.#waiting.set(ownerId, queue);
    next?.();
  }
}
