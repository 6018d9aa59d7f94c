import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError, UsageError } from '../node.ts';
import { instantOf, type Session } from './session.ts';
import { filterOf, type Narrowing } from './tail.ts';

type Job = { id: string; status: string; matched: number; replayed: number; skipped: number };
type Started = { __typename: string; message?: string; job?: Job };

const jobFields = 'id status matched replayed skipped';
const lookEveryMs = 250;

/** `heliograph replay`: counts, asks, starts and shows how far it is. Answers whether it was done. */
export async function replay(
  session: Session,
  options: Narrowing & Readonly<{ since?: string; until?: string; yes?: boolean }>,
): Promise<boolean> {
  const { heliograph, signal } = session;
  const createdAfter = instantOf(options.since);
  const createdBefore = instantOf(options.until);
  const filter = {
    ...filterOf({ ...options, status: options.status ?? 'DEAD_LETTER,FAILED' }),
    isReplayed: false,
    ...(createdAfter === undefined ? {} : { createdAfter }),
    ...(createdBefore === undefined ? {} : { createdBefore }),
  };
  if (filter.status?.some((status) => status !== 'FAILED' && status !== 'DEAD_LETTER')) {
    throw new UsageError('Only FAILED and DEAD_LETTER can be replayed.');
  }
  const { deliveryCount } = await heliograph.query<{ deliveryCount: { count: number; isCapped: boolean } }>(
    'query ($filter: DeliveryFilter) { deliveryCount(filter: $filter, limit: 100000) { count isCapped } }',
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
    `mutation ($filter: DeliveryFilter!) { replayDeliveries(input: { filter: $filter }) {
      __typename ... on ReplayDeliveriesPayload { job { ${jobFields} } } ... on Error { message } } }`,
    { filter },
  );
  if (started.job === undefined)
    throw new RequestError('REFUSED', started.message ?? 'The replay was refused.');
  return await watch(session, started.job);
}

async function watch(session: Session, begun: Job): Promise<boolean> {
  const { heliograph, signal } = session;
  const startedAt = performance.now();
  let job = begun;
  while (job.status === 'RUNNING' && !signal.aborted) {
    bar(session, job, performance.now() - startedAt);
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    const answer = await heliograph.query<{ replayJob: Job }>(
      `query ($id: ID!) { replayJob(id: $id) { ${jobFields} } }`,
      { id: job.id },
    );
    job = answer.replayJob;
  }
  bar(session, job, performance.now() - startedAt);
  if (process.stderr.isTTY) process.stderr.write('\n');
  session.print(job, `${job.id}  ${job.status}  ${job.replayed} sent again, ${job.skipped} left out`);
  if (job.status === 'RUNNING') session.tell('It goes on without this command.');
  return job.status === 'COMPLETED';
}

function bar({ isJson }: Session, { matched, replayed, skipped }: Job, elapsedMs: number): void {
  if (isJson || !process.stderr.isTTY) return;
  const done = replayed + skipped;
  const part = matched === 0 ? 1 : Math.min(1, done / matched);
  const rate = done / (elapsedMs / 1_000 || 1);
  const left = rate === 0 ? '…' : `${Math.ceil((matched - done) / rate)} s left`;
  const width = 30;
  const filled = Math.round(part * width);
  process.stderr.write(
    `\r${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${matched}  ${Math.round(rate)}/s  ${left}   `,
  );
}

async function isConfirmed(question: string, signal: AbortSignal): Promise<boolean> {
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
