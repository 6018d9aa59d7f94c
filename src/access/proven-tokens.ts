import { createHash } from 'node:crypto';
import { databaseNow } from '../clock.ts';

/** A key that its issuer withdraws stops counting for the tokens that it has signed, later by this at most. */
const believedMs = 30_000;
const maxRemembered = 10_000;

/**
 * What tokens say whose signature and claims have been checked, by the tokens' hashes: a caller sends the same one with
 * each request, and checking it costs more than most requests do. Bad tokens are never remembered, and no token is
 * itself. Whether one was called back is not remembered here: that is asked for each request.
 */
export class ProvenTokens<Claims> {
  readonly #expiresAt: (claims: Claims) => number;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, { claims: Claims; since: number }>();

  constructor(options: {
    /** When the token ends, in milliseconds of the database's clock. */
    expiresAt: (claims: Claims) => number;
    monotonicMs?: (() => number) | undefined;
  }) {
    this.#expiresAt = options.expiresAt;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** From memory, else by `verify`, whose failures are the caller's. */
  async read(token: string, verify: () => Promise<Claims>): Promise<Claims> {
    const name = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(name);
    if (known !== undefined) {
      const isFresh = this.#monotonicMs() - known.since < believedMs;
      if (isFresh && databaseNow() < this.#expiresAt(known.claims)) return known.claims;
      this.#known.delete(name);
    }
    const since = this.#monotonicMs();
    const claims = await verify();
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(name, { claims, since });
    return claims;
  }
}
