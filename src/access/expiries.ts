import { databaseNow } from '../clock.ts';
import type { UnauthenticatedReason } from './unauthenticated.ts';

/** Each look goes through all of them, so there are at most so many in a second. */
const leastMs = 20;
/** The database's clock may change its distance to ours meanwhile. */
const mostMs = 60_000;

type Expiring = Readonly<{ end(why: UnauthenticatedReason): void }>;

/**
 * Ends each of many when its time has come. There is one timer for the earliest of them, because one for each would
 * take 200 bytes of every subscriber, and a look at 5,000 times takes 0.1 ms.
 */
export class Expiries {
  readonly #times = new Map<Expiring, number>();
  #timer: NodeJS.Timeout | undefined;
  #nextAt = Number.POSITIVE_INFINITY;

  /** `time` is in milliseconds, by the database's clock. */
  add(one: Expiring, time: number): void {
    this.#times.set(one, time);
    if (time < this.#nextAt) this.#lookAt(time);
  }

  delete(one: Expiring): void {
    if (this.#times.delete(one) && this.#times.size === 0) this.#lookAt(Number.POSITIVE_INFINITY);
  }

  #lookAt(time: number): void {
    clearTimeout(this.#timer);
    this.#nextAt = time;
    if (time === Number.POSITIVE_INFINITY) return;
    const ms = Math.min(mostMs, Math.max(leastMs, time - databaseNow()));
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    const now = databaseNow();
    let next = Number.POSITIVE_INFINITY;
    for (const [one, time] of this.#times) {
      if (time > now) next = Math.min(next, time);
      else {
        this.#times.delete(one);
        one.end('expired');
      }
    }
    this.#lookAt(next);
  }
}
