import { believedMs } from '../access/believed.ts';
import type { Database } from '../db/pool.ts';
import { findTenants, findTenantsByExternalId } from './tenant.ts';

const maxRemembered = 10_000;

export type TenantStanding = Readonly<{ id: string; externalId: string; isSuspended: boolean }>;

/**
 * Whether tenants may publish, which is checked for each call. Only positive answers are remembered; a missing or
 * suspended tenant is read again each time. If a tenant was suspended meanwhile, the statement that stores its events
 * refuses them.
 */
export class TenantStandings {
  readonly #database: Database;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, { standing: TenantStanding; since: number }>();

  constructor(database: Database, monotonicMs: () => number = () => performance.now()) {
    this.#database = database;
    this.#monotonicMs = monotonicMs;
  }

  async find(id: string): Promise<TenantStanding | undefined> {
    const known = this.#recall(id);
    if (known !== undefined) return known;
    const since = this.#monotonicMs();
    const [tenant] = await findTenants(this.#database, [id]);
    if (tenant === undefined) return undefined;
    const standing = { id, externalId: tenant.externalId, isSuspended: tenant.suspendedAt !== null };
    this.#remember(id, standing, since);
    return standing;
  }

  /** The existing tenants among these externalIds. */
  async findByExternalId(externalIds: readonly string[]): Promise<ReadonlyMap<string, TenantStanding>> {
    const found = new Map<string, TenantStanding>();
    const missing: string[] = [];
    for (const externalId of externalIds) {
      const known = this.#recall(`external ${externalId}`);
      if (known === undefined) missing.push(externalId);
      else found.set(externalId, known);
    }
    if (missing.length === 0) return found;
    const since = this.#monotonicMs();
    for (const [externalId, tenant] of await findTenantsByExternalId(this.#database, missing)) {
      const standing = { ...tenant, externalId };
      this.#remember(`external ${externalId}`, standing, since);
      found.set(externalId, standing);
    }
    return found;
  }

  #recall(name: string): TenantStanding | undefined {
    const known = this.#known.get(name);
    return known !== undefined && this.#monotonicMs() - known.since < believedMs ? known.standing : undefined;
  }

  #remember(name: string, standing: TenantStanding, since: number): void {
    if (standing.isSuspended) return;
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(name, { standing, since });
  }
}
