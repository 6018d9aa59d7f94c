import type { Transaction } from 'kysely';
import type { Database } from '../db/pool.ts';
import { mintUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

/** The platform's identifier for a tenant. It is ASCII because it is used in a header. */
const externalIdPattern = /^[\x21-\x7e]{1,200}$/;
export const externalIdRule = 'must be 1 to 200 visible ASCII characters without white space';
const maxRemembered = 10_000;

export function isExternalId(text: string): boolean {
  return externalIdPattern.test(text);
}

/**
 * Inserts a tenant and the head of its log together, because nothing of the tenant's could be logged without that
 * row. Returns undefined if the external id is taken.
 */
export async function insertTenant(
  trx: Transaction<Tables>,
  tenant: Readonly<{ externalId: string; name: string }>,
): Promise<{ id: string } | undefined> {
  const inserted = await trx
    .insertInto('tenant')
    .values({ id: mintUuid(), external_id: tenant.externalId, name: tenant.name })
    .onConflict((conflict) => conflict.column('external_id').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) await trx.insertInto('owner_log').values({ owner_id: inserted.id }).execute();
  return inserted;
}

/**
 * Finds a tenant's UUID by its external id. A pair never changes and tenants are never removed, so a found pair is
 * remembered. A missing one is read again each time.
 */
export class TenantIdentities {
  readonly #database: Database;
  readonly #known = new Map<string, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  async find(externalId: string): Promise<string | undefined> {
    const known = this.#known.get(externalId);
    if (known !== undefined || !isExternalId(externalId)) return known;
    const row = await this.#database.query
      .selectFrom('tenant')
      .select('id')
      .where('external_id', '=', externalId)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#remember(externalId, row.id);
  }

  /** Finds the tenant that a valid token names, or creates it with its external id as its name. */
  async findOrCreate(externalId: string): Promise<string> {
    const found = await this.find(externalId);
    if (found !== undefined) return found;
    const created = await this.#database.query
      .transaction()
      .execute((trx) => insertTenant(trx, { externalId, name: externalId }));
    if (created !== undefined) return this.#remember(externalId, created.id);
    // Another insert won and has committed; otherwise this one would still be waiting for it.
    const other = await this.find(externalId);
    if (other === undefined) throw new Error('A tenant that had just been created is missing.');
    return other;
  }

  #remember(externalId: string, id: string): string {
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(externalId, id);
    return id;
  }
}
