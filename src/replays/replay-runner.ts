import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { PendingDeliveries } from '../limits/pending-deliveries.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { Logger } from '../log.ts';
import type { DeliveryRules } from '../sending/plan-delivery.ts';
import { BulkRunner } from './bulk-runner.ts';
import { recoverMissed } from './recover-endpoint.ts';
import { gatherItems, type HeldJob, replayNextItems } from './replay-steps.ts';

/** The number of rows that one statement reads while it collects. It takes about 30 ms. */
const gatherRows = 2_000;
/** The number of deliveries that one statement replays. It locks the owner’s log for the last tenth of its time. */
const replayItemsPerStep = 500;
const retries = 5;

/**
 * Carries out bulk replays. First the matching deliveries are collected into `replay_job_item`, page by page along an
 * index; then item after item is replayed. Every matching delivery is replayed exactly once, or counted as skipped.
 * Nothing is replayed while the owner has as many unfinished deliveries as it may have.
 */
export class ReplayRunner extends BulkRunner<HeldJob> {
  constructor({ database, config, limits, logger }: ReplayRunnerOptions) {
    const pending = new PendingDeliveries({ database, limits });
    super({
      database,
      logger,
      table: 'replay_job',
      name: 'a bulk replay',
      mustWait: async (job) => job.cursor_status === null && (await pending.isFull(job.owner_id)),
      step: (job, leaseMs) => {
        if (job.cursor_status !== null) {
          return gatherItems(database.query, job, { rows: gatherRows, leaseMs });
        }
        if (job.recover_cursor !== null) {
          const options = { events: replayItemsPerStep, leaseMs, rules: config };
          return retrying(() => recoverMissed(database, job, options), { attempts: retries });
        }
        const options = { items: replayItemsPerStep, leaseMs, rules: config };
        return retrying(() => replayNextItems(database, job, options), { attempts: retries });
      },
    });
  }
}

export type ReplayRunnerOptions = Readonly<{
  database: Database;
  config: DeliveryRules;
  limits: TenantLimits;
  logger: Logger;
}>;
