import type { Change } from './change.ts';
import { UsageError } from './errors.ts';
import { Log, type LogOptions } from './log.ts';
import type { Settings } from './settings.ts';

/** Stores a follower's position across restarts. */
export type PositionStore = Readonly<{
  /** The last saved position; undefined if there is none. */
  load(): Promise<number | undefined>;
  save(position: number): Promise<void>;
}>;

export type FollowOptions<Selected = Change> = LogOptions<Selected> & Readonly<{ store: PositionStore }>;

/**
 * Passes the log to `handler` and saves the position when the handler's promise resolves. So a crash repeats at most
 * the changes that were being handled. If the store has a position, it resumes from there and `after` is ignored. An
 * error of the handler ends it, and the position stays before the change that caused it.
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
    // From here on nothing is missed, even if the process ends before the first change.
    if (saved === undefined && start !== undefined) await store.save(start);
    let last = start;
    for (;;) {
      const next = await log.nextBatch(most);
      if (next === undefined) return;
      if (next.changes.length > 0) await handle(next.changes);
      // This also happens without changes, because the position of a filtered log would otherwise be past retention
      // one day.
      if (next.position !== last) await store.save(next.position);
      last = next.position;
    }
  } finally {
    await log.return();
  }
}
