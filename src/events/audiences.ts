import type { Database } from '../db/pool.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import type { StoredCondition } from '../tables.ts';
import type { CheckedEvent } from './check-events.ts';
import { type Audience, findAudience, type OwnerAudience } from './fan-out.ts';

/** The limit counts endpoints, the values of their filters and apps together, of all tenants. */
const maxRemembered = 50_000;

/**
 * Who subscribed, remembered by tenant and event type. It never becomes stale. Each entry has a version, which every
 * change of an endpoint, an app's forwarding or a suspension replaces in its own transaction, and the statement that
 * stores deliveries stores nothing if the version has changed (`createDeliveries`). So a change takes effect in all
 * processes at once, without any notification.
 */
export class Audiences {
  readonly #db: Database;
  readonly #known = new Map<string, OwnerAudience>();
  #size = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Returns what is remembered for all of these tenants and types. Reads the database if anything is missing, or if
   * it must be `fresh`.
   */
  async of(events: readonly Pick<CheckedEvent, 'tenantId' | 'type'>[], fresh: boolean): Promise<Audience> {
    if (events.length === 0) return { owners: new Map(), isRemembered: true };
    const wanted = new Map(
      events.map(({ tenantId, type }) => [`${tenantId}/${type.name}`, { tenantId, type }]),
    );
    if (!fresh && this.#db.layout.remembersAudiences) {
      const known = new Map<string, OwnerAudience>();
      for (const [place, { tenantId }] of wanted) {
        const one = this.#known.get(place);
        const before = known.get(tenantId);
        if (one === undefined || (before !== undefined && before.version !== one.version)) break;
        known.set(tenantId, before === undefined ? one : merged(before, one));
        wanted.delete(place);
      }
      if (wanted.size === 0) return { owners: known, isRemembered: true };
    }
    const types = events.map(({ type }) => type);
    const owners = await findAudience(this.#db, [...new Set(events.map(({ tenantId }) => tenantId))], {
      patterns: [...new Set(types.flatMap((type) => patternsOf(type.name, type.category)))],
      categories: [...new Set(types.map(({ category }) => category))],
    });
    for (const { tenantId, type } of events) {
      const found = owners.get(tenantId);
      // A suspended tenant is not remembered: nothing is stored for it, so nothing would notice the end of the
      // suspension.
      if (found?.isSuspended === false && this.#db.layout.remembersAudiences)
        this.#remember(`${tenantId}/${type.name}`, partOf(found, type));
    }
    return { owners, isRemembered: false };
  }

  #remember(place: string, part: OwnerAudience): void {
    const size = sizeOf(part);
    if (this.#size + size > maxRemembered) {
      this.#known.clear();
      this.#size = 0;
    }
    const before = this.#known.get(place);
    this.#size += size - (before === undefined ? 0 : sizeOf(before));
    this.#known.set(place, part);
  }
}

const sizeOf = ({ endpoints, apps }: OwnerAudience): number =>
  endpoints.reduce((sum, { sending }) => sum + 1 + sizeOfFilter(sending?.filter), 1) + apps.length;

const sizeOfFilter = (filter: readonly StoredCondition[] = []): number =>
  filter.reduce((sum, { value }) => sum + (Array.isArray(value) ? value.length : 1), 0);

function partOf(owner: OwnerAudience, type: CheckedEvent['type']): OwnerAudience {
  const patterns = new Set(patternsOf(type.name, type.category));
  return {
    ...owner,
    endpoints: owner.endpoints.filter(({ events }) => events.some((pattern) => patterns.has(pattern))),
    apps: owner.apps.filter(({ category }) => category === type.category),
  };
}

/** Merges the entries of two types. An endpoint may have subscribed to both, and both may be in the same category. */
function merged(one: OwnerAudience, other: OwnerAudience): OwnerAudience {
  const endpoints = new Map(
    [...one.endpoints, ...other.endpoints].map((endpoint) => [endpoint.id, endpoint]),
  );
  const apps = new Map(
    [...one.apps, ...other.apps].map((app) => [`${app.category}/${app.app_id}/${app.installation_id}`, app]),
  );
  return { ...one, endpoints: [...endpoints.values()], apps: [...apps.values()] };
}
