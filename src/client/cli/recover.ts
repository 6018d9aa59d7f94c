import { RequestError } from '../node.ts';
import { act } from './act.ts';
import { documents } from './documents.ts';
import { instantOf, type Session } from './session.ts';
import { isConfirmed, type ReplayJob, replaying, watchJob } from './watch-job.ts';

type Recovery = Readonly<{ failed: number; missed: number; job: ReplayJob | null }>;

/** `heliograph recover`: counts what the endpoint did not get, asks, starts and shows the progress. */
export async function recover(
  session: Session,
  id: string,
  options: Readonly<{ since: string; dryRun?: boolean; yes?: boolean; key?: string }>,
): Promise<boolean> {
  const since = instantOf(options.since);
  const input = { id, since };
  const counted = await act<Recovery>(session, documents.recover, { input: { ...input, dryRun: true } });
  const { failed, missed } = counted;
  session.print(
    { failed, missed },
    `${failed} failed, ${missed} ${missed === 1 ? 'event was' : 'events were'} never sent to it.`,
  );
  if (options.dryRun === true || failed + missed === 0) return true;
  if (options.yes !== true && !(await isConfirmed(`Send ${failed + missed} to it? [y/N] `, session.signal))) {
    session.tell('Nothing was sent.');
    return false;
  }
  const { job } = await act<Recovery>(session, documents.recover, {
    input: { ...input, ...(options.key === undefined ? {} : { idempotencyKey: options.key }) },
  });
  if (job === null) throw new RequestError('REFUSED', 'The server has started no job.');
  return await watchJob(session, replaying, job, failed + missed);
}
