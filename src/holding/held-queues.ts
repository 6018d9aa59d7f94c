import { databaseNow, dayMs } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { messageOf } from '../errors.ts';
import { firstUuidAt } from '../ids.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';
import { endQueued } from '../status/end-queued.ts';

/** The limit for deliveries that wait for a paused endpoint. Beyond it, new deliveries are not queued. */
export const mostHeld = 100_000;
const everyMs = 5_000;

/**
 * The queues of paused endpoints, counted in the index up to the limit, with the age of the oldest delivery. A queue
 * that was full stays full until a tenth is free again. Otherwise its state would change all the time while some
 * deliveries end.
 */
const lookStatement = statement(
  'held_queues',
  `select e.owner_id, e.id, e.queue_full_at is not null as was_full,
          q.n >= case when e.queue_full_at is null then $1::integer else ($1 * 0.9)::integer end as is_full,
          exists (select from due d
                   where d.owner_id = e.owner_id and d.endpoint_id = e.id and d.delivery_id <= $2) as has_old
     from endpoint e
    cross join lateral (
      select count(*) as n from (
        select from due d where d.owner_id = e.owner_id and d.endpoint_id = e.id limit $1) l) q
    where e.paused_at is not null and e.deleted_at is null`,
  { everywhere: true, returns: 'owner_id uuid, id uuid, was_full boolean, is_full boolean, has_old boolean' },
);

const markStatement = statement(
  'mark_held_queue',
  `update endpoint set queue_full_at = case when $3 then now() end
    where owner_id = $1 and id = $2 and paused_at is not null and (queue_full_at is not null) <> $3`,
);

type HeldQueue = { owner_id: string; id: string; was_full: boolean; is_full: boolean; has_old: boolean };

/**
 * Keeps the queues of paused endpoints within their limits: a maximum number of deliveries, and none older than the
 * retention period, because its event would be gone. Any number of processes may check at the same time; the first
 * one makes each change.
 */
export class HeldQueues {
  readonly #options: { database: Database; logger: Logger; retentionDays: number; most?: number };
  readonly #loop = new Loop({ round: () => this.#round(), onError: (error) => this.#onError(error) });

  constructor(options: { database: Database; logger: Logger; retentionDays: number; most?: number }) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async look(): Promise<void> {
    const { database, retentionDays, most = mostHeld } = this.#options;
    const oldest = firstUuidAt(databaseNow() - retentionDays * dayMs);
    const queues = await run<HeldQueue>(database, database.api, lookStatement, [most, oldest]);
    for (const { owner_id: ownerId, id: endpointId, ...queue } of queues) {
      if (queue.is_full !== queue.was_full) {
        await run(database, database.api, markStatement, [ownerId, endpointId, queue.is_full]);
      }
      if (queue.has_old) {
        await endQueued(database, { ownerId, endpointId, reason: 'ENDPOINT_PAUSED', through: oldest });
      }
    }
  }

  async #round(): Promise<number> {
    await this.look();
    return everyMs;
  }

  #onError(error: unknown): number {
    const message = 'could not check the queues of paused endpoints, trying again';
    warnAtTimes(this.#options.logger, { error: messageOf(error) }, message);
    return everyMs;
  }
}
