/** Opening costs 20 µs, a signature 7: an endpoint under load opens what is sealed once in this time. */
const keptMs = 60_000;
const maxKept = 10_000;

/** What was opened within the last minute, by a name. */
export class Opened<Value> {
  readonly #kept = new Map<string, { value: Value; until: number }>();

  recall(name: string, open: () => Value): Value {
    const now = performance.now();
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.until > now) return kept.value;
    const value = open();
    this.#kept.delete(name);
    this.#kept.set(name, { value, until: now + keptMs });
    this.#forget(now);
    return value;
  }

  /** What has outlived its minute stands at the front: entries are kept in the order in which they were opened. */
  #forget(now: number): void {
    for (const [name, { until }] of this.#kept) {
      if (until > now && this.#kept.size <= maxKept) return;
      this.#kept.delete(name);
    }
  }
}
