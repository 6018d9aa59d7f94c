import { setTimeout as delay } from 'node:timers/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { KeysUnavailableError } from '../errors.ts';

/** Keys that the issuer no longer publishes are dropped after this time. */
const maxAgeMs = 600_000;
/** The shortest time between two reads from the issuer. */
const betweenLooksMs = 1_000;
/** A failed read is not repeated at once. Meanwhile callers are told to try again later. */
const pauseAfterFailureMs = 2_000;
/** A key that was not found is not searched for again within this time. */
const missingForMs = 2_000;
const maxMissing = 10_000;

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys at the issuer's URL.
 *
 * A token with an unknown key causes one more read, because the issuer may have changed its keys. The token waits for
 * a read that began after it arrived, so that a valid token passes at the first try. Anybody can send unknown keys,
 * so reads are shared by everybody who waits and are at least a second apart.
 *
 * The last valid set is kept while the issuer is unavailable or answers with something invalid, such as an empty set.
 * Only a key that it does not hold is then UNAVAILABLE, because nobody can know whether the token is valid.
 */
export class IssuerKeys {
  readonly #read: () => Promise<unknown>;
  readonly #now: () => number;
  #keys: LocalKeys | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failure: { error: unknown; at: number } | undefined;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  readonly #missing = new Map<string, number>();

  /** `read` fetches the set and parses its JSON. */
  constructor(read: () => Promise<unknown>, now: () => number = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  readonly get: JWTVerifyGetKey = async (header, token) => {
    if (this.#keys === undefined || this.#now() - this.#readAt > maxAgeMs) await this.#refresh();
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const name = `${header.kid ?? ''} ${header.alg}`;
      if (this.#now() - (this.#missing.get(name) ?? Number.NEGATIVE_INFINITY) < missingForMs) throw error;
      await this.#lookAgain();
      return await this.#findOrRemember(header, token, name);
    }
  };

  async #find(...asked: Parameters<JWTVerifyGetKey>) {
    const keys = this.#keys;
    if (keys === undefined) throw new KeysUnavailableError(this.#failure?.error);
    return await keys(...asked);
  }

  async #findOrRemember(
    header: Parameters<JWTVerifyGetKey>[0],
    token: Parameters<JWTVerifyGetKey>[1],
    name: string,
  ) {
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (this.#missing.size >= maxMissing) this.#missing.clear();
      if (error instanceof errors.JWKSNoMatchingKey) this.#missing.set(name, this.#now());
      throw error;
    }
  }

  /** Reads the keys again if they are old. If that fails, the old ones are used. */
  async #refresh(): Promise<void> {
    try {
      await this.#lookAgain();
    } catch (error) {
      if (this.#keys === undefined) throw error;
    }
  }

  /** Resolves after a read that began after this call. Rejects if that read failed, or if one failed just before. */
  #lookAgain(): Promise<void> {
    const { at, error } = this.#failure ?? { at: Number.NEGATIVE_INFINITY, error: undefined };
    if (this.#now() - at < pauseAfterFailureMs) return Promise.reject(new KeysUnavailableError(error));
    this.#next ??= this.#lookWhenDue();
    return this.#next;
  }

  async #lookWhenDue(): Promise<void> {
    await this.#looking?.catch(() => undefined);
    const wait = this.#lookedAt + betweenLooksMs - this.#now();
    if (wait > 0) await delay(wait);
    this.#next = undefined;
    this.#looking = this.#look();
    await this.#looking;
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.#now();
    try {
      const set = keySet.parse(await this.#read());
      this.#keys = createLocalJWKSet(set as JSONWebKeySet);
      this.#readAt = this.#now();
      this.#failure = undefined;
      this.#missing.clear();
    } catch (error) {
      this.#failure = { error, at: this.#now() };
      throw new KeysUnavailableError(error);
    }
  }
}
