import type { Actor } from '../access/actor.ts';
import type { Config } from '../config.ts';
import type { Hints } from '../db/listen.ts';
import type { Database } from '../db/pool.ts';
import type { Logger } from '../log.ts';

/**
 * What resolvers reach the program's parts by. Joined in `app.ts`; a later room adds its own part here by
 * declaration merging, beside the code that needs it:
 * `declare module '../graph/context.ts' { interface Services { hub: Hub } }`.
 */
export interface Services {
  config: Config;
  database: Database;
  logger: Logger;
  hints: Hints;
}

/** One request's, or one subscription's, context. */
export type Context = {
  services: Services;
  /** Undefined where no credential came along. */
  actor: Actor | undefined;
  requestId: string;
  /** The `Idempotency-Key` header, unquoted. */
  idempotencyKey: string | undefined;
};
