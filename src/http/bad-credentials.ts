import { hash } from 'node:crypto';
import { RequestError } from '../errors.ts';
import { networkOf } from './client-address.ts';
import type { Metrics } from './metrics.ts';
import { RateLimit } from './rate-limit.ts';

/** The number of good credentials that are remembered. */
const maxGood = 10_000;

/**
 * Counts bad credentials by client address. Each costs a read from the database or the verification of a signature,
 * and guessing needs many. An address that has sent too many is told to wait before a credential is checked.
 * Credentials that were valid recently still work, because a whole office, or a proxy that is not configured, may
 * share the address.
 */
export class BadCredentials {
  readonly #failures: RateLimit;
  /** Hashes of credentials, least recently used first. */
  readonly #good = new Set<string>();
  readonly #metrics: Pick<Metrics, 'badCredential' | 'tooMany'>;

  constructor(options: { perMinute: number; metrics: Pick<Metrics, 'badCredential' | 'tooMany'> }) {
    this.#failures = new RateLimit(options.perMinute);
    this.#metrics = options.metrics;
  }

  /** Throws RATE_LIMITED if the address has to wait. */
  refuseTooMany(address: string): void {
    const retryAfterSeconds = this.#failures.waitOf(networkOf(address));
    if (retryAfterSeconds === 0) return;
    this.#metrics.tooMany('bad_credentials');
    throw new RequestError(
      'RATE_LIMITED',
      'Too many invalid credentials came from this address. Wait a moment.',
      {
        retryAfterSeconds,
      },
    );
  }

  /** Counts a bad credential. */
  note(address: string): void {
    this.#metrics.badCredential();
    this.#failures.spend(networkOf(address));
  }

  /** Runs the check of a credential and records whether it was good. */
  async watch<T>(address: string, credential: string | undefined, judge: () => Promise<T>): Promise<T> {
    const mark = credential === undefined ? undefined : hash('sha256', credential, 'base64');
    if (mark === undefined || !this.#good.has(mark)) this.refuseTooMany(address);
    try {
      const judged = await judge();
      if (mark !== undefined) this.#keep(mark);
      return judged;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'UNAUTHENTICATED') {
        if (mark !== undefined) this.#good.delete(mark);
        this.note(address);
      }
      throw error;
    }
  }

  #keep(mark: string): void {
    this.#good.delete(mark);
    this.#good.add(mark);
    const [oldest] = this.#good;
    if (this.#good.size > maxGood && oldest !== undefined) this.#good.delete(oldest);
  }
}
