import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Route } from '../route.ts';
import { authHookRoute } from './auth-hook.ts';
import { cronRoute } from './cron.ts';
import { testControlRoute } from './test-control.ts';

/**
 * The routes for machines. Each exists only if its secret is configured; otherwise its path answers like an unknown
 * one. The test control never exists in production, whatever is configured.
 */
export function internalRoutes(options: {
  config: Pick<Config, 'production' | 'cronSecret' | 'authHookSecret' | 'testControlSecret'>;
  database: Database;
  runner: JobRunner;
}): readonly Route[] {
  const { config, database, runner } = options;
  const routes: Route[] = [];
  if (config.cronSecret !== undefined) routes.push(cronRoute({ secret: config.cronSecret, runner }));
  if (config.authHookSecret !== undefined) {
    routes.push(authHookRoute({ secret: config.authHookSecret, database }));
  }
  if (config.testControlSecret !== undefined && !config.production) {
    routes.push(testControlRoute({ secret: config.testControlSecret, database }));
  }
  return routes;
}
