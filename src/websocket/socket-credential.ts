import type { Actor } from '../access/actor.ts';
import { Ending } from '../access/ending.ts';
import type { Grant, GrantWatch } from '../access/grant-watch.ts';
import { databaseNow } from '../clock.ts';
import { RequestError } from '../errors.ts';

/**
 * The parts of a credential that must be the same in a fresh one: the caller, the tenant, and the permission basis
 * for its subscriptions.
 */
const identity = ['kind', 'actorId', 'tenantId', 'appId', 'verifiedEmail'] as const satisfies (keyof Actor)[];

/**
 * The credential of a WebSocket, which can be replaced by a fresh one while the socket stays open. `ending`
 * is the same for the life of the socket, so operations need not know that the credential was replaced.
 */
export class SocketCredential {
  readonly #grantWatch: Pick<GrantWatch, 'watch'>;
  /** It ends with the reason when the current credential has ended. */
  readonly ending = new Ending();
  #actor: Actor;
  #grant: Grant;
  #isReleased = false;

  constructor(actor: Actor, grantWatch: Pick<GrantWatch, 'watch'>) {
    this.#grantWatch = grantWatch;
    this.#actor = actor;
    this.#grant = grantWatch.watch(actor);
    this.#listenTo(this.#grant);
  }

  get actor(): Actor {
    return this.#actor;
  }

  /** A grant's. The end of a replaced credential has no effect. */
  handleEvent(): void {
    const { aborted, reason } = this.#grant.ending;
    if (aborted) this.ending.end(reason);
  }

  /**
   * Accepts a fresh credential with its permissions. Throws FORBIDDEN, and changes nothing, if it belongs to another
   * caller. Once the socket is gone nothing is accepted, because nobody would let go of it.
   */
  replace(fresh: Actor): void {
    if (this.#isReleased) return;
    if (this.ending.aborted) throw this.ending.reason;
    if (identity.some((part) => fresh[part] !== this.#actor[part])) {
      throw new RequestError(
        'FORBIDDEN',
        'A fresh credential must belong to the same caller and tenant as the one before. Open another connection instead.',
      );
    }
    const grant = this.#grantWatch.watch(fresh);
    if (grant.ending.aborted) {
      grant.release();
      throw grant.ending.reason;
    }
    const before = this.#grant;
    this.#actor = fresh;
    this.#grant = grant;
    this.#listenTo(grant);
    before.release();
  }

  /** When it expires; null if it does not expire. The seconds are given as well as the time, because clocks differ. */
  expiry(): { expiresAt: string | null; expiresInSeconds: number | null } {
    const { expiresAt } = this.#actor;
    if (expiresAt === undefined) return { expiresAt: null, expiresInSeconds: null };
    const left = Math.floor((expiresAt.getTime() - databaseNow()) / 1000);
    return { expiresAt: expiresAt.toISOString(), expiresInSeconds: Math.max(0, left) };
  }

  release(): void {
    this.#isReleased = true;
    this.#grant.release();
  }

  #listenTo({ ending }: Grant): void {
    if (ending.aborted) this.handleEvent();
    else ending.addEventListener('abort', this);
  }
}
