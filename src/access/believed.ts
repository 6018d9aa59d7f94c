/**
 * How long, in milliseconds, what was found about a credential is believed. A revocation takes effect after at most this
 * time; a subscription that is opened in it ends at the next look of `GrantWatch`, 2 s later: 4 s in all, within the
 * promised 5.
 */
export const believedMs = 2_000;
const maxRemembered = 10_000;

/**
 * What was found about credentials, by name, and is believed for `believedMs`. Calls for one name share one look. A look
 * that failed is forgotten at once, and so is a result that `mayRemember` refuses.
 */
export class Believed<Value> {
  readonly #monotonicMs: () => number;
  readonly #mayRemember: (value: Value) => boolean;
  readonly #known = new Map<string, { value: Promise<Value>; since: number }>();

  constructor(options: {
    /** A clock that never jumps. */
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
