import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { TenantLimits } from './tenant-limits.ts';

/**
 * Keeps an owner's waiting deliveries (its rows in `due`) within the limit, without counting them for each call.
 *
 * A delivery that is created appends a change to its owner's log in the same transaction. So since a count at the
 * position `head`, at most as many deliveries have been added as the log has grown. The statement that stores
 * deliveries gets, for each owner, the highest position at which they certainly still fit, and compares it after it has
 * locked the log (`logTail`). So the limit holds exactly, in all processes together, and an owner far below it is
 * counted once in as many changes as are left up to the limit. If the position was passed, the owner is counted again.
 *
 * A count reads as many index entries as there are waiting deliveries. A count that took long is not repeated at once;
 * until then the owner is refused.
 */
export class PendingDeliveries {
  readonly #db: Database;
  readonly #limits: TenantLimits;
  readonly #known = new Map<string, Known>();

  constructor({ database, limits }: { database: Database; limits: TenantLimits }) {
    this.#db = database;
    this.#limits = limits;
  }

  /**
   * Whether so many more deliveries fit for each of these owners; no number is 0. `taken` holds what earlier calls of the same batch add, and
   * what this call adds if it fits.
   */
  async fits(wanted: ReadonlyMap<string, number>, taken: Map<string, number>): Promise<boolean> {
    const isFull = ([ownerId, more]: [string, number]) =>
      !this.#has(ownerId, more + (taken.get(ownerId) ?? 0));
    const over = [...wanted].filter(isFull);
    await this.#count(over.map(([ownerId]) => ownerId));
    if (over.some(isFull)) return false;
    for (const [ownerId, more] of wanted) taken.set(ownerId, more + (taken.get(ownerId) ?? 0));
    return true;
  }

  /** By owner, the highest position of its log at which so many more deliveries certainly fit. */
  ceilings(adding: ReadonlyMap<string, number>): Record<string, number> {
    const limit = this.#limits.of('pendingDeliveries');
    const ceilings: Record<string, number> = {};
    for (const [ownerId, more] of adding) {
      const known = this.#known.get(ownerId);
      // If it has been forgotten meanwhile, the statement fails, and the owner is counted again.
      ceilings[ownerId] = known === undefined ? -1 : known.head + limit - known.count - more;
    }
    return ceilings;
  }

  /** The position was passed, so the owner is counted again when it is asked for. */
  forget(ownerId: string): void {
    const known = this.#known.get(ownerId);
    if (known !== undefined) known.isPassed = true;
  }

  /** Whether nothing more fits, for background work that then waits. */
  async isFull(ownerId: string): Promise<boolean> {
    await this.#count([ownerId]);
    return (this.#known.get(ownerId)?.count ?? 0) >= this.#limits.of('pendingDeliveries');
  }

  #has(ownerId: string, more: number): boolean {
    const known = this.#known.get(ownerId);
    if (known === undefined || known.isPassed) return false;
    return known.count + more <= this.#limits.of('pendingDeliveries');
  }

  async #count(ownerIds: readonly string[]): Promise<void> {
    const startedAt = performance.now();
    const asked = ownerIds.filter((ownerId) => (this.#known.get(ownerId)?.againAt ?? 0) <= startedAt);
    if (asked.length === 0) return;
    const limit = this.#limits.of('pendingDeliveries');
    const rows = await run<CountedRow>(this.#db, this.#db.api, countStatement, [asked, limit + 1]);
    const now = performance.now();
    const most = Math.max(0, ...rows.map(({ pending }) => pending));
    const againAt = most < cheapCount ? 0 : now + (now - startedAt) * restAfterCount;
    if (this.#known.size + rows.length > maxKnown) this.#known.clear();
    for (const { owner_id, head, pending } of rows) {
      this.#known.set(owner_id, { head, count: pending, againAt, isPassed: false });
    }
  }
}

type Known = {
  /** The head of the log when the owner was counted. */
  readonly head: number;
  readonly count: number;
  /** Before this time it is not counted again. */
  readonly againAt: number;
  isPassed: boolean;
};

type CountedRow = { owner_id: string; head: number; pending: number };

/** So many rows are counted in a few milliseconds, as often as necessary. */
const cheapCount = 10_000;
/** A longer count is repeated only after this multiple of its time, so that it takes a twentieth of it at most. */
const restAfterCount = 20;
/** The limit for the number of remembered owners, of about 100 bytes each. */
const maxKnown = 50_000;

/** Both are read in one snapshot. The count ends at `$2`. */
const countStatement = statement(
  'count_pending',
  `select l.owner_id, l.head,
          (select count(*)::integer from (select from due d where d.owner_id = l.owner_id limit $2) q) as pending
     from owner_log l where l.owner_id = any($1::uuid[])`,
  { owners: [[1]], returns: 'owner_id uuid, head bigint, pending integer' },
);
