import { useEffect, useRef } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { Problem } from '../parts/problem.tsx';
import { Time } from '../parts/time.tsx';
import { CancelProgressDocument, ReplayProgressDocument } from './generated/graphql.ts';

const lookEveryMs = 500;

/** The words for each kind of job. */
const replay = {
  running: 'Replaying',
  done: 'replayed',
  skipped: 'left out (purged, replayed by somebody else, or past retention)',
  missing: 'There is no such replay here.',
} as const;
const cancellation = {
  running: 'Cancelling',
  done: 'cancelled',
  skipped: 'left as they are (being sent at that moment, or ended meanwhile)',
  missing: 'There is no such cancellation here.',
} as const;

export const isCancellation = (id: string) => id.startsWith('cnj_');

/** The progress and the result of a job for many deliveries. It continues without the page, and is found by its id. */
export function JobProgress({ id, onEnd }: Readonly<{ id: string; onEnd?: () => void }>) {
  const [words, query] = isCancellation(id)
    ? [cancellation, CancelProgressDocument]
    : [replay, ReplayProgressDocument];
  const [{ data, error }, look] = useQuery({ query, variables: { id } });
  const job = data?.job;
  const isRunning = job === undefined || job?.status === 'RUNNING';
  const tell = useRef(onEnd);
  tell.current = onEnd;
  useEffect(() => {
    if (!isRunning) {
      tell.current?.();
      return;
    }
    const timer = setInterval(() => look({ requestPolicy: 'network-only' }), lookEveryMs);
    return () => clearInterval(timer);
  }, [isRunning, look]);
  if (job === null) return <Problem error={words.missing} />;
  if (job === undefined)
    return error === undefined ? <progress aria-label="Progress" /> : <Problem error={error} />;
  const { status, matched, done, skipped, createdAt, completedAt } = job;
  const count = (n: number) => n.toLocaleString('en');
  // While a cancellation runs, nobody knows how many more it will find.
  const share =
    isRunning && words === cancellation ? {} : { value: isRunning ? done + skipped : Math.max(1, matched) };
  const state =
    status === 'RUNNING' ? words.running : status === 'COMPLETED' ? 'Done' : 'Stopped after errors';
  return (
    <div className="job">
      <progress max={Math.max(1, matched)} {...share} aria-label="Progress" />
      <p role="status">
        {state}: {count(done)} of {count(matched)} {words.done}
        {skipped > 0 && `, ${count(skipped)} ${words.skipped}`}.
      </p>
      <p className="hint">
        Begun <Time at={createdAt} />
        {completedAt !== null && (
          <>
            , ended <Time at={completedAt} />
          </>
        )}
        . {isRunning && 'You may leave: it goes on.'}
      </p>
      <p>
        {words === replay ? (
          <Link href={`/deliveries?kind=REPLAY&from=${encodeURIComponent(createdAt)}`}>
            See what becomes of them
          </Link>
        ) : (
          <Link href="/deliveries?status=FAILED">See what has failed or was cancelled</Link>
        )}
      </p>
    </div>
  );
}
