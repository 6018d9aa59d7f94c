/** Tells a waiter that something has happened. A notification without a waiter is kept for the next one. */
export class Signal {
  #isSet = false;
  #waiter: (() => void) | undefined;

  notify(): void {
    this.#isSet = true;
    this.#waiter?.();
  }

  /** Resolves at the next notification, or after `ms`. There may be one waiter at a time. */
  async wait(ms: number): Promise<void> {
    if (!this.#isSet) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#waiter = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#waiter = undefined;
    }
    this.#isSet = false;
  }
}
