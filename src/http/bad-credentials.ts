import { RequestError } from '../errors.ts';
import type { Metrics } from './metrics.ts';
import { RateLimit } from './rate-limit.ts';

/**
 * Bad credentials by the address that they come from. Each costs a look into the database or a check of a signature, and
 * guessing needs many: an address that has sent too many is told to wait before anything is looked at. Good credentials
 * from the same address wait with it, for a few seconds at a time.
 */
export class BadCredentials {
  readonly #failures: RateLimit;
  readonly #metrics: Pick<Metrics, 'badCredential' | 'tooMany'>;

  constructor(options: { perMinute: number; metrics: Pick<Metrics, 'badCredential' | 'tooMany'> }) {
    this.#failures = new RateLimit(options.perMinute);
    this.#metrics = options.metrics;
  }

  /** Throws RATE_LIMITED where the address has to wait. */
  refuseTooMany(address: string): void {
    const retryAfterSeconds = this.#failures.waitOf(address);
    if (retryAfterSeconds === 0) return;
    this.#metrics.tooMany('bad_credentials');
    throw new RequestError(
      'RATE_LIMITED',
      'Too many bad credentials came from this address: wait a moment.',
      {
        retryAfterSeconds,
      },
    );
  }

  /** Notes a bad one. */
  note(address: string): void {
    this.#metrics.badCredential();
    this.#failures.spend(address);
  }

  /** Runs what judges a credential, and notes a bad one. */
  async watch<T>(address: string, judge: () => Promise<T>): Promise<T> {
    this.refuseTooMany(address);
    try {
      return await judge();
    } catch (error) {
      if (error instanceof RequestError && error.code === 'UNAUTHENTICATED') this.note(address);
      throw error;
    }
  }
}
