import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import { RequestError, UnavailableError, UsageError } from '../node.ts';
import { type Search, searchOf } from './deliveries.ts';
import { documents } from './documents.ts';
import type { Session } from './session.ts';

export type Job = { id: string; status: string; matched: number; replayed: number; skipped: number };
type Started = { __typename: string; message?: string; job?: Job };

const lookEveryMs = 250;

/** `heliograph replay`: counts the deliveries, asks, starts and shows the progress. Returns whether it was done. */
export async function replay(
  session: Session,
  options: Search & Readonly<{ yes?: boolean; force?: boolean; watch?: boolean; key?: string }>,
): Promise<boolean> {
  const { heliograph, signal } = session;
  for (const option of ['force', 'watch', 'key'] as const) {
    if (options[option] !== undefined)
      throw new UsageError(`--${option} is for one delivery: name its id, dlv_….`);
  }
  const filter = {
    ...searchOf({ ...options, status: options.status ?? 'DEAD_LETTER,FAILED' }),
    isReplayed: false,
  };
  if (filter.status?.some((status) => status !== 'FAILED' && status !== 'DEAD_LETTER')) {
    throw new UsageError('Only FAILED and DEAD_LETTER can be replayed.');
  }
  const { deliveryCount } = await heliograph.query<{ deliveryCount: { count: number; isCapped: boolean } }>(
    documents.deliveryCount,
    { filter },
  );
  const { count, isCapped } = deliveryCount;
  const many = `${isCapped ? 'more than ' : ''}${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
  session.print({ matched: count, isCapped }, `${many} can be replayed.`);
  if (count === 0) return true;
  if (options.yes !== true && !(await isConfirmed(`Send ${many} again? [y/N] `, signal))) {
    session.tell('Nothing was sent.');
    return false;
  }
  const { replayDeliveries: started } = await heliograph.query<{ replayDeliveries: Started }>(
    documents.replay,
    { filter },
  );
  if (started.job === undefined)
    throw new RequestError('REFUSED', started.message ?? 'The replay was refused.');
  return await watchJob(session, started.job, count);
}

/** Shows how far a job is until it ends. Returns whether it was completed. */
export async function watchJob(session: Session, begun: Job, counted: number): Promise<boolean> {
  const { signal } = session;
  const startedAt = performance.now();
  const doneOf = ({ replayed, skipped }: Job) => replayed + skipped;
  const rateOf = (job: Job) => Math.round((doneOf(job) * 1_000) / (performance.now() - startedAt));
  const bar = new SingleBar(
    {
      format: '{bar} {value}/{total}  {rate}/s  {eta_formatted} left',
      stream: process.stderr,
      hideCursor: true,
      // Ctrl-C is ours: it ends the watching, after which the bar is stopped below.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  let job = begun;
  if (!session.isJson) bar.start(counted, doneOf(job), { rate: 0 });
  try {
    while (job.status === 'RUNNING' && !signal.aborted) {
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
      job = (await findJob(session, job.id)) ?? job;
      // It finds them as it goes; what was counted is more telling until then.
      bar.setTotal(job.status === 'RUNNING' ? Math.max(job.matched, counted) : job.matched);
      bar.update(doneOf(job), { rate: rateOf(job) });
    }
  } finally {
    bar.stop();
  }
  session.print(job, `${job.id}  ${job.status}  ${job.replayed} sent again, ${job.skipped} left out`);
  if (job.status === 'RUNNING') session.tell('It goes on without this command.');
  return job.status === 'COMPLETED';
}

/** Undefined where the server is away for a moment: the job goes on without being looked at. */
async function findJob({ heliograph, signal }: Session, id: string): Promise<Job | undefined> {
  try {
    return (await heliograph.query<{ replayJob: Job }>(documents.replayJob, { id }, { signal })).replayJob;
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    throw error;
  }
}

export async function isConfirmed(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError('There is nobody to ask: say --yes to send them without being asked.');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question, { signal })).trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
