import type { Change } from './change.ts';
import { UsageError } from './errors.ts';
import { Log, type LogOptions } from './log.ts';
import type { Settings } from './settings.ts';

/** Where a follower's position survives a restart. */
export type PositionStore = Readonly<{
  /** The position that was saved last; undefined where none has been. */
  load(): Promise<number | undefined>;
  save(position: number): Promise<void>;
}>;

export type FollowOptions<Selected = Change> = LogOptions<Selected> & Readonly<{ store: PositionStore }>;

/**
 * Hands the log to `handler` and saves the position when the handler's promise is kept: a crash repeats at most what was
 * in hand. Where the store has a position, it goes on from there and `after` does not count. What the handler throws
 * ends it, and the position stays before the change that it was thrown for.
 */
export async function follow<Selected>(
  settings: Settings,
  handle: (changes: readonly Selected[]) => unknown,
  options: FollowOptions<Selected> & { most: number },
): Promise<void> {
  const { store, most } = options;
  if (!(Number.isSafeInteger(most) && most >= 1)) throw new UsageError('batch is a number from 1.');
  const saved = await store.load();
  const log = new Log<Selected>(settings, { ...options, after: saved ?? options.after });
  try {
    const start = await log.start();
    // From here on nothing is missed, even where the process ends before the first change.
    if (saved === undefined && start !== undefined) await store.save(start);
    let last = start;
    for (;;) {
      const next = await log.nextBatch(most);
      if (next === undefined) return;
      if (next.changes.length > 0) await handle(next.changes);
      // Without changes, too: what a filter leaves out would otherwise be past retention one day.
      if (next.position !== last) await store.save(next.position);
      last = next.position;
    }
  } finally {
    await log.return();
  }
}
