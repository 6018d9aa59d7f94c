import { openDatabase } from '../../src/db/pool.ts';
import { createLogger } from '../../src/log.ts';
import { ReplayRunner } from '../../src/replays/replay-runner.ts';
import { limitsWith } from '../support/limits.ts';

/** A runner in a separate process, for a test that kills it. */
const [url = ''] = process.argv.slice(2);
const logger = createLogger('silent');
const database = openDatabase({ url, logger, prepared: true, engineConnections: 2, apiConnections: 2 });
const config = { retrySchedule: [0], requireVerification: true };
new ReplayRunner({ database, config, limits: limitsWith(), logger }).start();
