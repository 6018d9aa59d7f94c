import { UsageError } from '../node.ts';
import { act } from './act.ts';
import { countMatching, refuseSearch, type Search, searchOf } from './deliveries.ts';
import { documents } from './documents.ts';
import { coloured, type Session } from './session.ts';
import { type CancelJob, cancelling, isConfirmed, watchJob } from './watch-job.ts';

const waiting = ['PENDING', 'RETRYING', 'DELIVERING'];

/** `heliograph cancel dlv_…`: ends one delivery that waits. */
export async function cancelOne(session: Session, id: string, options: Search): Promise<void> {
  refuseSearch(options);
  const { delivery } = await act<{ delivery: { id: string; status: string; failureReason: string | null } }>(
    session,
    documents.cancelOne,
    { id },
  );
  session.print(delivery, `${delivery.id}  ${coloured(delivery.status)}  ${delivery.failureReason ?? ''}`);
}

/** `heliograph cancel`: counts the deliveries that wait, asks, starts and shows the progress. */
export async function cancel(
  session: Session,
  options: Search & Readonly<{ yes?: boolean }>,
): Promise<boolean> {
  const filter = searchOf({ ...options, status: options.status ?? 'PENDING,RETRYING' });
  if (filter.status?.some((status) => !waiting.includes(status)))
    throw new UsageError('Only PENDING, RETRYING and DELIVERING can be cancelled.');
  const { count, many } = await countMatching(session, filter, 'can be cancelled');
  if (count === 0) return true;
  if (options.yes !== true && !(await isConfirmed(`Never send ${many}? [y/N] `, session.signal))) {
    session.tell('Nothing was cancelled.');
    return false;
  }
  const { job } = await act<{ job: CancelJob }>(session, documents.cancel, { filter });
  return await watchJob(session, cancelling, job, count);
}
