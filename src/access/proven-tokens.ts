import { hash } from 'node:crypto';
import { databaseNow } from '../clock.ts';

/** A key that its issuer removes stays valid for tokens that were verified before, for at most this long. */
const believedMs = 30_000;
const maxRemembered = 10_000;

/**
 * The content of verified tokens, by the tokens' hashes. A caller sends the same token with each request, and
 * verifying it costs more than most requests do. Invalid tokens are never remembered, and the tokens themselves are
 * not stored. Whether a token was revoked is not remembered here, but checked for each request.
 */
export class ProvenTokens<Claims> {
  readonly #expiresAt: (claims: Claims) => number;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, { claims: Claims; since: number }>();

  constructor(options: {
    /** When the token expires, in milliseconds of the database's clock. */
    expiresAt: (claims: Claims) => number;
    monotonicMs?: (() => number) | undefined;
  }) {
    this.#expiresAt = options.expiresAt;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** Returns the content from memory, or calls `verify`. An error of `verify` is thrown to the caller. */
  async read(token: string, verify: () => Promise<Claims>): Promise<Claims> {
    const name = hash('sha256', token, 'base64');
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
