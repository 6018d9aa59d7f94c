import { setTimeout as delay, setImmediate } from 'node:timers/promises';

/** Parsing and checking 4 MiB of JSON keeps the process busy for up to a quarter of a second. */
const largeBytes = 262_144;
/** The shortest pause between two of them, which is time for a few round trips to the database. */
const leastGapMs = 5;

/**
 * Resolves when a request or message of this size may be parsed. Undefined if it is small, so that it may be parsed
 * at once. The holder is whoever sent it.
 */
export type LargeTurns = (holder: string, bytes: number) => Promise<void> | undefined;

/**
 * Processes large requests and messages one after the other, with a pause between two as long as the first one took.
 * So half of the time is left for everything else, whatever is sent. Otherwise a hundred bodies that arrive together
 * would be parsed in one go, and small requests would wait for all of them. The holders take turns, so one who sends
 * many waits for himself.
 */
export function createLargeTurns(): LargeTurns {
  /** What waits of each holder. The first holder is the next. */
  const queues = new Map<string, (() => void)[]>();
  let working = false;

  async function work(): Promise<void> {
    working = true;
    for (let next = takeNext(); next !== undefined; next = takeNext()) {
      const startedAt = performance.now();
      next();
      // It keeps its turn until the event loop has gone round.
      await setImmediate();
      await delay(Math.max(leastGapMs, performance.now() - startedAt));
    }
    working = false;
  }

  function takeNext(): (() => void) | undefined {
    const [first] = queues;
    if (first === undefined) return undefined;
    const [holder, waiting] = first;
    const next = waiting.shift();
    queues.delete(holder);
    if (waiting.length > 0) queues.set(holder, waiting);
    return next;
  }

  return (holder, bytes) => {
    if (bytes <= largeBytes) return undefined;
    return new Promise((resolve) => {
      const waiting = queues.get(holder);
      if (waiting === undefined) queues.set(holder, [resolve]);
      else waiting.push(resolve);
      if (!working) void work();
    });
  };
}
