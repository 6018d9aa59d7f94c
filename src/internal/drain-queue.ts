import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';

const lookEveryMs = 50;

const open = statement(
  'open_work',
  `select (select count(*)::integer from due
            where ($1::uuid is null or owner_id = $1) and (due_at <= now() or claim is not null))
        + (select count(*)::integer from endpoint
            where ($1::uuid is null or owner_id = $1) and verification = 'PENDING' and deleted_at is null) as left`,
);

/**
 * Waits until nothing is due or being sent and no handshake is running, for one owner or for all. Deliveries that
 * become due later do not count. Returns what was left when the time ran out, or 0.
 */
export async function drainQueue(
  database: Database,
  options: { ownerId: string | undefined; timeoutMs: number },
): Promise<number> {
  const giveUpAt = performance.now() + options.timeoutMs;
  for (;;) {
    const rows = await run<{ left: number }>(database, database.api, open, [options.ownerId ?? null]);
    const left = rows[0]?.left ?? 0;
    if (left === 0 || performance.now() >= giveUpAt) return left;
    await delay(lookEveryMs);
  }
}
