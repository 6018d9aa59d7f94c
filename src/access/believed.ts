/**
 * How long, in milliseconds, the result of a credential check is kept. A revocation takes effect after at most this
 * time. A subscription that is opened meanwhile ends at the next check of `GrantWatch`, 2 s later. That is 4 s in
 * all, within the promised 5.
 */
export const believedMs = 2_000;
const maxRemembered = 10_000;

/**
 * The results of credential checks, by name, kept for `believedMs`. Simultaneous calls for one name share one check.
 * A failed check is forgotten at once, and so is a result that `mayRemember` refuses.
 */
export class Believed<Value> {
  readonly #monotonicMs: () => number;
  readonly #mayRemember: (value: Value) => boolean;
  readonly #known = new Map<string, { value: Promise<Value>; since: number }>();

  constructor(options: {
    /** A monotonic clock. */
    monotonicMs?: (() => number) | undefined;
    mayRemember?: (value: Value) => boolean;
  }) {
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#mayRemember = options.mayRemember ?? (() => true);
  }

  recall(name: string, find: () => Promise<Value>): Promise<Value> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#monotonicMs() - known.since < believedMs) return known.value;
    if (this.#known.size >= maxRemembered) this.#known.clear();
    const entry = { value: find(), since: this.#monotonicMs() };
    this.#known.set(name, entry);
    const forget = () => {
      if (this.#known.get(name) === entry) this.#known.delete(name);
    };
    entry.value.then((value) => (this.#mayRemember(value) ? undefined : forget()), forget);
    return entry.value;
  }
}
