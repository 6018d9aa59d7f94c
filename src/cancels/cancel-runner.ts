import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import type { Logger } from '../log.ts';
import { BulkRunner } from '../replays/bulk-runner.ts';
import type { HeldCancelJob } from './cancel-job.ts';
import { cancelNext } from './cancel-next.ts';

/** The number of queued deliveries that one transaction looks at. */
const rowsPerStep = 500;
const retries = 5;

/** Carries out bulk cancellations. Every matching delivery is cancelled, or counted as skipped. */
export class CancelRunner extends BulkRunner<HeldCancelJob> {
  constructor({ database, logger }: Readonly<{ database: Database; logger: Logger }>) {
    super({
      database,
      logger,
      table: 'cancel_job',
      name: 'a bulk cancellation',
      step: (job, leaseMs) =>
        retrying(() => cancelNext(database, job, { rows: rowsPerStep, leaseMs }), { attempts: retries }),
    });
  }
}
