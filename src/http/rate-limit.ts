import { RequestError } from '../errors.ts';

/** Actors kept in mind before those with full buckets are forgotten. */
const maxRemembered = 10_000;

/**
 * A token bucket for each actor, in this process's memory: a minute's worth may come at once, then one call each
 * `60 / perMinute` seconds.
 */
export class RateLimit {
  readonly #perMinute: number;
  readonly #monotonicMs: () => number;
  readonly #buckets = new Map<string, { tokens: number; since: number }>();

  constructor(perMinute: number, monotonicMs: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#monotonicMs = monotonicMs;
  }

  /** Counts one call. Throws RATE_LIMITED with the seconds to wait where there were too many. */
  take(actor: string): void {
    const now = this.#monotonicMs();
    const bucket = this.#buckets.get(actor) ?? { tokens: this.#perMinute, since: now };
    bucket.tokens = this.#filled(bucket, now);
    bucket.since = now;
    this.#buckets.set(actor, bucket);
    if (bucket.tokens < 1) {
      const retryAfterSeconds = Math.ceil(((1 - bucket.tokens) * 60) / this.#perMinute);
      throw new RequestError('RATE_LIMITED', `At most ${this.#perMinute} calls a minute.`, {
        retryAfterSeconds,
        limit: this.#perMinute,
      });
    }
    bucket.tokens -= 1;
    if (this.#buckets.size > maxRemembered) this.#forgetIdle(now);
  }

  /** How many seconds until one more is allowed; nothing is counted. */
  waitOf(actor: string): number {
    const bucket = this.#buckets.get(actor);
    if (bucket === undefined) return 0;
    const tokens = this.#filled(bucket, this.#monotonicMs());
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 60) / this.#perMinute);
  }

  /** Counts one, also where there were too many already. */
  spend(actor: string): void {
    const now = this.#monotonicMs();
    const tokens = this.#filled(this.#buckets.get(actor) ?? { tokens: this.#perMinute, since: now }, now);
    this.#buckets.set(actor, { tokens: Math.max(0, tokens - 1), since: now });
    if (this.#buckets.size > maxRemembered) this.#forgetIdle(now);
  }

  #filled(bucket: { tokens: number; since: number }, now: number): number {
    return Math.min(this.#perMinute, bucket.tokens + ((now - bucket.since) * this.#perMinute) / 60_000);
  }

  #forgetIdle(now: number): void {
    for (const [actor, bucket] of this.#buckets) {
      if (this.#filled(bucket, now) >= this.#perMinute) this.#buckets.delete(actor);
    }
  }
}
