import { RequestError, UsageError } from '../node.ts';
import { countMatching, type Search, searchOf } from './deliveries.ts';
import { documents } from './documents.ts';
import type { Session } from './session.ts';
import { isConfirmed, type ReplayJob, replaying, watchJob } from './watch-job.ts';

type Started = { __typename: string; message?: string; job?: ReplayJob };

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
  const { count, many } = await countMatching(session, filter, 'can be replayed');
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
  return await watchJob(session, replaying, started.job, count);
}
