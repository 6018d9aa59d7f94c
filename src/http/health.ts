import type { Database } from '../db/pool.ts';
import { declareRoute, publicRead, type Route } from '../route.ts';

/** About as long as a readiness probe itself waits. */
const answerWithinMs = 2_000;

/** The reasons why this process should get no requests now; empty if it should. */
export type Readiness = () => Promise<readonly string[]>;

/** A process is ready if the database answers now and has been migrated. */
export function createReadiness(options: {
  database: Pick<Database, 'probe'>;
  isMigrated: () => boolean;
  answerWithinMs?: number;
}): Readiness {
  return async () => {
    const reasons = options.isMigrated() ? [] : ['The database has not been migrated yet.'];
    const answers = await answersWithin(options.database, options.answerWithinMs ?? answerWithinMs);
    return answers ? reasons : [...reasons, 'The database does not answer.'];
  };
}

function answersWithin(database: Pick<Database, 'probe'>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const answer = (answers: boolean) => {
      clearTimeout(timer);
      resolve(answers);
    };
    database.probe.query('select 1').then(
      () => answer(true),
      () => answer(false),
    );
  });
}

const alive = declareRoute({
  method: 'GET',
  path: '/healthz',
  description: 'Whether the process is alive. It answers 200 as long as the process can answer at all.',
  ...publicRead,
  response: '{"status":"alive"}',
});

const ready = declareRoute({
  method: 'GET',
  path: '/readyz',
  description: 'Whether the process is ready for requests. It answers 200, or 503 with the reasons why not.',
  ...publicRead,
  response: '{"status":"ready"}, or with 503 {"status":"not ready","reasons":[…]}',
});

export function healthRoutes(options: { readiness: Readiness; isDraining: () => boolean }): Route[] {
  return [
    alive(() => ({ status: 200, body: { status: 'alive' } })),
    ready(async () => {
      const reasons = options.isDraining() ? ['The process is shutting down.'] : await options.readiness();
      return reasons.length === 0
        ? { status: 200, body: { status: 'ready' } }
        : { status: 503, body: { status: 'not ready', reasons } };
    }),
  ];
}
