import type { Actor } from '../access/actor.ts';
import type { Grant, GrantWatch } from '../access/grant-watch.ts';
import { databaseNow } from '../clock.ts';
import { RequestError } from '../errors.ts';

/** What has to be the same in a fresh credential: who it is, in whose name, and by what what it follows may be seen. */
const identity = ['kind', 'actorId', 'tenantId', 'appId', 'verifiedEmail'] as const satisfies (keyof Actor)[];

/**
 * The credential of a WebSocket, which a fresh one may take the place of while the socket stays open. `signal` is aborted
 * when the one that holds at the time has ended, with the reason; it is the same for the life of the socket, so whatever
 * runs on it need not know that the credential was replaced.
 */
export class SocketCredential {
  readonly #grantWatch: Pick<GrantWatch, 'watch'>;
  readonly #ending = new AbortController();
  #actor: Actor;
  #grant: Grant;

  constructor(actor: Actor, grantWatch: Pick<GrantWatch, 'watch'>) {
    this.#grantWatch = grantWatch;
    this.#actor = actor;
    this.#grant = grantWatch.watch(actor);
    this.#endWith(this.#grant);
  }

  get actor(): Actor {
    return this.#actor;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Takes a fresh one, with its permissions. Throws FORBIDDEN, and changes nothing, where it is somebody else's. */
  replace(fresh: Actor): void {
    if (this.signal.aborted) throw this.signal.reason;
    if (identity.some((part) => fresh[part] !== this.#actor[part])) {
      throw new RequestError(
        'FORBIDDEN',
        'A fresh credential must belong to the same caller and tenant as the one before. Open another connection instead.',
      );
    }
    const grant = this.#grantWatch.watch(fresh);
    if (grant.signal.aborted) {
      grant.release();
      throw grant.signal.reason;
    }
    const before = this.#grant;
    this.#actor = fresh;
    this.#grant = grant;
    this.#endWith(grant);
    before.release();
  }

  /** Until when it holds; null where it has no end. Seconds beside the time, as clocks differ. */
  expiry(): { expiresAt: string | null; expiresInSeconds: number | null } {
    const { expiresAt } = this.#actor;
    if (expiresAt === undefined) return { expiresAt: null, expiresInSeconds: null };
    const left = Math.floor((expiresAt.getTime() - databaseNow()) / 1000);
    return { expiresAt: expiresAt.toISOString(), expiresInSeconds: Math.max(0, left) };
  }

  release(): void {
    this.#grant.release();
  }

  #endWith(grant: Grant): void {
    const end = () => {
      // One that was replaced may end as it likes.
      if (this.#grant === grant) this.#ending.abort(grant.signal.reason);
    };
    if (grant.signal.aborted) end();
    grant.signal.addEventListener('abort', end, { once: true });
  }
}
