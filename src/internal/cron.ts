import { bearerToken, isSecret, refusal, singleHeader, unauthorized } from '../access/route-secret.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import { declareRoute, type Route } from '../route.ts';

/** Printable ASCII including the space, which is what a header can carry. */
const runIdPattern = /^[\x20-\x7e]{1,255}$/;
const retryAfterSeconds = 5;

const cron = declareRoute({
  method: 'POST',
  path: '/internal/cron/:job',
  description:
    'Runs a periodic job now: `retention`, `partitions`, `rescue` or `usage-rollup`. It is optional, because the program runs the same jobs by itself. It exists only if CRON_SECRET is set.',
  auth: ['CRON_SECRET'],
  request: 'header idempotency-key: the run id, 1 to 255 printable ASCII characters; no body',
  response:
    '200 {"status":"FINISHED","run":{"job","runId","startedAt","finishedAt","result"}}; 202 {"status":"IN_PROGRESS"} with retry-after while another run of the job is running',
  errors: ['UNAUTHENTICATED', 'BAD_USER_INPUT', 'NOT_FOUND', 'UNAVAILABLE', 'INTERNAL'],
  records: ['JobRun'],
  sideEffects: [
    'those of the job: partitions created or dropped, ended rows removed, handshakes started again, usage counted',
  ],
  idempotency:
    "A run id runs once: calls with an id that has finished get the first run's result, and two calls at the same time run the job once. If the process of a run died, the next call with its id continues it. Run ids are kept for 30 days.",
});

/** Lets an external scheduler run the periodic jobs. It authenticates with `authorization: Bearer <CRON_SECRET>`. */
export function cronRoute({ secret, runner }: { secret: string; runner: JobRunner }): Route {
  return cron(async (request) => {
    if (!isSecret(bearerToken(request), secret)) return unauthorized;
    const job = request.parameters.job ?? '';
    if (!runner.has(job)) return refusal(404, 'NOT_FOUND', 'There is no such job.');
    const runId = singleHeader(request, 'idempotency-key')?.trim() ?? '';
    if (!runIdPattern.test(runId)) {
      return refusal(
        400,
        'BAD_USER_INPUT',
        'Send the run id in the header idempotency-key: 1 to 255 printable ASCII characters.',
      );
    }
    const outcome = await runner.run(job, runId);
    return outcome.status === 'FINISHED'
      ? { status: 200, body: outcome }
      : { status: 202, headers: { 'retry-after': String(retryAfterSeconds) }, body: outcome };
  });
}
