import { RequestError } from '../errors.ts';

/**
 * The number of actors that are remembered. Beyond it, those counted longest ago are forgotten, even if they would
 * have to wait.
 */
const maxRemembered = 100_000;

/**
 * A token bucket for each actor, in the memory of this process: a minute's calls may come at once, and then one call
 * each `60 / perMinute` seconds.
 */
export class RateLimit {
  readonly #perMinute: number;
  readonly #monotonicMs: () => number;
  readonly #buckets = new Map<string, { tokens: number; since: number }>();

  constructor(perMinute: number, monotonicMs: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#monotonicMs = monotonicMs;
  }

  /** Counts one call. Throws RATE_LIMITED with the seconds to wait if there were too many. */
  take(actor: string): void {
    const tokens = this.#tokensOf(actor);
    this.#keep(actor, tokens < 1 ? tokens : tokens - 1);
    if (tokens >= 1) return;
    throw new RequestError('RATE_LIMITED', `At most ${this.#perMinute} calls a minute are allowed.`, {
      retryAfterSeconds: this.#secondsUntilOne(tokens),
      limit: this.#perMinute,
    });
  }

  /** The number of seconds until one more call is allowed. It counts nothing. */
  waitOf(actor: string): number {
    const tokens = this.#tokensOf(actor);
    return tokens >= 1 ? 0 : this.#secondsUntilOne(tokens);
  }

  /** Counts one call, even if there were too many already. */
  spend(actor: string): void {
    this.#keep(actor, Math.max(0, this.#tokensOf(actor) - 1));
  }

  #tokensOf(actor: string): number {
    const bucket = this.#buckets.get(actor);
    if (bucket === undefined) return this.#perMinute;
    const passedMs = this.#monotonicMs() - bucket.since;
    return Math.min(this.#perMinute, bucket.tokens + (passedMs * this.#perMinute) / 60_000);
  }

  /**
   * The actors in the order in which they were last counted. Searching all of them for each call would cost more than
   * the call.
   */
  #keep(actor: string, tokens: number): void {
    this.#buckets.delete(actor);
    this.#buckets.set(actor, { tokens, since: this.#monotonicMs() });
    if (this.#buckets.size <= maxRemembered) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }

  #secondsUntilOne(tokens: number): number {
    return Math.ceil(((1 - tokens) * 60) / this.#perMinute);
  }
}
