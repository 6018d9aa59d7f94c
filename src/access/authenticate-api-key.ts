import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { encodeId } from '../ids.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import type { Actor } from './actor.ts';
import { hashToken } from './api-key-token.ts';
import { type Permission, permissions } from './permissions.ts';
import { unauthenticated } from './unauthenticated.ts';

/**
 * How long a key that was found is believed. A revocation takes effect after at most this time; a subscription that
 * is opened in it ends at the next look of `GrantWatch`, 2 s later: 4 s in all, within the promised 5.
 */
const believedMs = 2_000;
const maxRemembered = 10_000;
/** `lastUsedAt` is right to this: a busy key would otherwise write a row for each request. */
const usedEveryMs = 60_000;

type KnownKey = Readonly<{
  id: string;
  tenantId: string;
  name: string;
  permissions: ReadonlySet<Permission>;
  expiresAt: Date | undefined;
  revokedAt: Date | null;
}>;

/** From an API key to whom it stands for. Keys that are not there are never remembered: guesses fill no memory. */
export class ApiKeyAuthenticator {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, { key: Promise<KnownKey | undefined>; since: number }>();
  readonly #writes = new Set<Promise<void>>();

  constructor(options: { database: Database; logger: Logger; monotonicMs?: () => number }) {
    this.#database = options.database;
    this.#logger = options.logger;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  async authenticate(token: string): Promise<Actor> {
    const key = await this.#recall(hashToken(token));
    if (key === undefined) throw unauthenticated('invalid');
    if (key.revokedAt !== null) throw unauthenticated('revoked');
    if (key.expiresAt !== undefined && key.expiresAt.getTime() <= databaseNow())
      throw unauthenticated('expired');
    return {
      kind: 'API_KEY',
      actorId: encodeId('ApiKey', key.id),
      label: key.name,
      permissions: key.permissions,
      tenantId: key.tenantId,
      appId: undefined,
      verifiedEmail: undefined,
      expiresAt: key.expiresAt,
    };
  }

  /** Until the `lastUsedAt` writes that are under way have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #recall(hash: Buffer): Promise<KnownKey | undefined> {
    const name = hash.toString('base64');
    const known = this.#known.get(name);
    if (known !== undefined && this.#monotonicMs() - known.since < believedMs) return known.key;
    if (this.#known.size >= maxRemembered) this.#known.clear();
    const entry = { key: this.#find(hash), since: this.#monotonicMs() };
    this.#known.set(name, entry);
    const forget = () => {
      if (this.#known.get(name) === entry) this.#known.delete(name);
    };
    entry.key.then((key) => (key === undefined ? forget() : undefined), forget);
    return entry.key;
  }

  async #find(hash: Buffer): Promise<KnownKey | undefined> {
    const row = await this.#database.query
      .selectFrom('api_key')
      .select(['id', 'tenant_id', 'name', 'permissions', 'expires_at', 'revoked_at', 'last_used_at'])
      .where('token_hash', '=', hash)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.revoked_at === null && (row.last_used_at?.getTime() ?? 0) < databaseNow() - usedEveryMs) {
      this.#noteUse(row.tenant_id, row.id);
    }
    return {
      id: row.id,
      tenantId: row.tenant_id,
      name: row.name,
      permissions: new Set(permissions.filter((permission) => row.permissions.includes(permission))),
      expiresAt: row.expires_at ?? undefined,
      revokedAt: row.revoked_at,
    };
  }

  /** Beside the request, never in its way: a failure costs one minute of `lastUsedAt` and is told to the log. */
  #noteUse(tenantId: string, id: string): void {
    const write = this.#database.query
      .updateTable('api_key')
      .set({ last_used_at: new Date(databaseNow()) })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .execute()
      .then(
        () => undefined,
        (error: unknown) =>
          warnAtTimes(this.#logger, { error: causesOf(error) }, 'use of an API key not noted'),
      )
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }
}
