import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { encodeId } from '../ids.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import type { Actor } from './actor.ts';
import { hashToken } from './api-key-token.ts';
import { Believed } from './believed.ts';
import { type Permission, permissions } from './permissions.ts';
import { unauthenticated } from './unauthenticated.ts';

/** The accuracy of `lastUsedAt`. If it were exact, a busy key would write a row for each request. */
const usedEveryMs = 60_000;

type KnownKey = Readonly<{
  id: string;
  tenantId: string;
  name: string;
  permissions: ReadonlySet<Permission>;
  expiresAt: Date | undefined;
  revokedAt: Date | null;
}>;

/** Finds the caller of an API key. Unknown keys are never remembered, so that guesses do not fill the memory. */
export class ApiKeyAuthenticator {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #known: Believed<KnownKey | undefined>;
  readonly #writes = new Set<Promise<void>>();

  constructor(options: { database: Database; logger: Logger; monotonicMs?: () => number }) {
    this.#database = options.database;
    this.#logger = options.logger;
    this.#known = new Believed({
      monotonicMs: options.monotonicMs,
      mayRemember: (key) => key !== undefined,
    });
  }

  async authenticate(token: string): Promise<Actor> {
    const hash = hashToken(token);
    const key = await this.#known.recall(hash.toString('base64'), () => this.#find(hash));
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

  /** Waits until the running writes of `lastUsedAt` have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
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

  /** Runs beside the request and never delays it. A failure loses one minute of `lastUsedAt` and is logged. */
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
          warnAtTimes(this.#logger, { error: causesOf(error) }, 'could not record the use of an API key'),
      )
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }
}
