import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import { UnavailableError, UsageError } from '../node.ts';
import { documents } from './documents.ts';
import type { Session } from './session.ts';

type Begun = Readonly<{ id: string; status: string; matched: number; skipped: number }>;
export type ReplayJob = Begun & Readonly<{ replayed: number }>;
export type CancelJob = Begun & Readonly<{ cancelled: number }>;
type Kind<Job extends Begun> = Readonly<{ document: string; changed: (job: Job) => number; words: string }>;

/** The two kinds of jobs, with what to call what they have done. */
export const replaying: Kind<ReplayJob> = {
  document: documents.replayJob,
  changed: ({ replayed }) => replayed,
  words: 'replayed',
};
export const cancelling: Kind<CancelJob> = {
  document: documents.cancelJob,
  changed: ({ cancelled }) => cancelled,
  words: 'cancelled',
};

const lookEveryMs = 250;

/** Shows how far a job is until it ends. Returns whether it was completed. */
export async function watchJob<Job extends Begun>(
  session: Session,
  { document, changed, words }: Kind<Job>,
  begun: Job,
  counted: number,
): Promise<boolean> {
  const { signal } = session;
  const startedAt = performance.now();
  const doneOf = (job: Job) => changed(job) + job.skipped;
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
      job = (await findJob<Job>(session, document, job.id)) ?? job;
      // It finds them as it goes; what was counted is more telling until then.
      bar.setTotal(job.status === 'RUNNING' ? Math.max(job.matched, counted) : job.matched);
      bar.update(doneOf(job), { rate: rateOf(job) });
    }
  } finally {
    bar.stop();
  }
  session.print(job, `${job.id}  ${job.status}  ${changed(job)} ${words}, ${job.skipped} left out`);
  if (job.status === 'RUNNING') session.tell('It goes on without this command.');
  return job.status === 'COMPLETED';
}

/** Undefined where the server is away for a moment: the job goes on without being looked at. */
async function findJob<Job>(
  { heliograph, signal }: Session,
  document: string,
  id: string,
): Promise<Job | undefined> {
  try {
    return (await heliograph.query<{ job: Job }>(document, { id }, { signal })).job;
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    throw error;
  }
}

/** Asks the person at the terminal. */
export async function isConfirmed(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError('There is nobody to ask: say --yes to do it without being asked.');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question, { signal })).trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
