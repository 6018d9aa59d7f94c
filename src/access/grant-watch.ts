import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { databaseNow, decodeId } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { Actor } from './actor.ts';
import { type UnauthenticatedReason, unauthenticated } from './unauthenticated.ts';

/**
 * Ends what outlives the check of its credential: subscriptions. A credential that expires or is revoked ends its
 * own within 5 s: at most 2 s in which a key that was found is still believed, at most 2 s until the next look
 * here, and the look itself. Expiry needs no look: a timer knows it.
 *
 * One query looks at all API keys in use, one at a time, on the engine's connections: a storm of callers' queries
 * must not put off a revocation. A key that is no longer there counts as revoked.
 *
 * When the database does not answer, grants are kept for 30 s: nothing new can be read then, so a longer patience
 * would show nothing more and a shorter one would cut every client off at each restart of the database. After that
 * they end (`expired`: clients connect again and are checked anew), because a revocation may be waiting behind the
 * silence.
 */
export class GrantWatch {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #lookEveryMs: number;
  readonly #patienceMs: number;
  readonly #keys = new Map<string, WatchedKey>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #running = false;

  constructor(options: {
    database: Database;
    logger: Logger;
    lookEveryMs?: number;
    patienceMs?: number;
  }) {
    this.#database = options.database;
    this.#logger = options.logger;
    this.#lookEveryMs = options.lookEveryMs ?? 2_000;
    this.#patienceMs = options.patienceMs ?? 30_000;
  }

  /** Starts to look at the keys in use. Safe to call twice. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lookLater();
  }

  /** Stops looking; waits for a look that is under way. Grants that are still watched keep their timers. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /**
   * A signal that is aborted, with UNAUTHENTICATED as its reason, when the actor's credential expires or is revoked.
   * The caller must `release` it when the subscription ends.
   */
  watch(actor: Actor): Grant {
    const ending = new AbortController();
    const end = (reason: UnauthenticatedReason, message?: string) =>
      ending.abort(unauthenticated(reason, message));
    const stopTimer = at(actor.expiresAt, () => end('expired'));
    const keyId = actor.kind === 'API_KEY' ? decodeId('ApiKey', actor.actorId) : undefined;
    const leave = keyId === undefined ? () => undefined : this.#join(keyId, actor.tenantId, end);
    return {
      signal: ending.signal,
      release() {
        stopTimer();
        leave();
      },
    };
  }

  #join(id: string, tenantId: string | undefined, end: EndGrant): () => void {
    if (tenantId === undefined) throw new Error('An API key always belongs to a tenant.');
    const key = this.#keys.get(id) ?? { id, tenantId, confirmedAt: performance.now(), ends: new Set() };
    this.#keys.set(id, key);
    key.ends.add(end);
    return () => {
      key.ends.delete(end);
      if (key.ends.size === 0 && this.#keys.get(id) === key) this.#keys.delete(id);
    };
  }

  #lookLater(): void {
    // Stopped and started again during a look, there would otherwise be two.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().then(() => {
        if (this.#running) this.#lookLater();
      });
    }, this.#lookEveryMs);
  }

  async #look(): Promise<void> {
    const asked = [...this.#keys.values()];
    if (asked.length === 0) return;
    const startedAt = performance.now();
    try {
      const rows = await run<KeyState>(this.#database, this.#database.engine, keyStates, [
        asked.map(({ tenantId }) => tenantId),
        asked.map(({ id }) => id),
      ]);
      const states = new Map(rows.map((row) => [row.id, row]));
      for (const key of asked) {
        const reason = verdictOn(states.get(key.id));
        if (reason === undefined) key.confirmedAt = startedAt;
        else this.#end(key, reason);
      }
    } catch (error) {
      this.#logger.warn({ err: error }, 'API keys in use not checked');
      for (const key of asked) {
        if (performance.now() - key.confirmedAt < this.#patienceMs) continue;
        this.#end(key, 'expired', 'The credential could not be checked for a while: connect again.');
      }
    }
  }

  #end(key: WatchedKey, reason: UnauthenticatedReason, message?: string): void {
    this.#keys.delete(key.id);
    for (const end of key.ends) end(reason, message);
  }
}

export type Grant = Readonly<{ signal: AbortSignal; release(): void }>;

type EndGrant = (reason: UnauthenticatedReason, message?: string) => void;
type WatchedKey = {
  readonly id: string;
  readonly tenantId: string;
  confirmedAt: number;
  readonly ends: Set<EndGrant>;
};
type KeyState = { id: string; revoked: boolean; expired: boolean };

const keyStates = statement(
  'watched_api_keys',
  `select id, revoked_at is not null as revoked, coalesce(expires_at <= now(), false) as expired
     from unnest($1::uuid[], $2::uuid[]) as watched (tenant_id, id)
     join api_key using (tenant_id, id)`,
);

function verdictOn(state: KeyState | undefined): UnauthenticatedReason | undefined {
  if (state === undefined || state.revoked) return 'revoked';
  return state.expired ? 'expired' : undefined;
}

/** setTimeout fires at once when it is asked for more than 2^31 - 1 ms (24.8 days). */
const longestTimerMs = 2_147_483_647;

function at(time: Date | undefined, act: () => void): () => void {
  if (time === undefined) return () => undefined;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = time.getTime() - databaseNow();
    timer = left > longestTimerMs ? setTimeout(arm, longestTimerMs) : setTimeout(act, Math.max(0, left));
  };
  arm();
  return () => clearTimeout(timer);
}
