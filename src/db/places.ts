import { messageOf } from '../errors.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import type { Database } from './pool.ts';

/** How long a place rests after a failure: this, and so many times as long as the failure took. */
const restMs = 1_000;
const restTimes = 3;

/**
 * Does the same for owners in several places, side by side, so that a node that is away holds up its own owners alone.
 * Its places rest for a while, or every round would wait for the node again. On plain PostgreSQL there is one place.
 */
export class Places {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #restingUntil = new Map<number, number>();

  constructor(options: { database: Database; logger: Logger }) {
    this.#database = options.database;
    this.#logger = options.logger;
  }

  isResting(ownerId: string): boolean {
    if (this.#restingUntil.size === 0) return false;
    return (this.#restingUntil.get(this.#database.layout.placeOf(ownerId)) ?? 0) > performance.now();
  }

  /** Throws where there is one place; of several, those that fail are told of in the log. */
  async each<Item>(
    items: readonly Item[],
    ownerOf: (item: Item) => string,
    act: (part: readonly Item[]) => Promise<void>,
  ): Promise<void> {
    if (this.#database.layout.places === 1) {
      if (items.length > 0) await act(items);
      return;
    }
    const parts = new Map<number, Item[]>();
    for (const item of items) {
      const place = this.#database.layout.placeOf(ownerOf(item));
      const known = parts.get(place);
      if (known === undefined) parts.set(place, [item]);
      else known.push(item);
    }
    const startedAt = performance.now();
    const failures: unknown[] = [];
    const attempt = async ([place, part]: readonly [number, readonly Item[]]) => {
      try {
        await act(part);
      } catch (error) {
        failures.push(error);
        const now = performance.now();
        this.#restingUntil.set(place, now + restMs + restTimes * (now - startedAt));
      }
    };
    await Promise.all([...parts].map(attempt));
    if (failures.length === 0) return;
    warnAtTimes(this.#logger, { error: messageOf(failures[0]) }, 'some nodes of the database do not answer');
  }
}
