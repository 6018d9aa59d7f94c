import { useEffect, useRef } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { Problem } from '../parts/problem.tsx';
import { Time } from '../parts/time.tsx';
import { ReplayProgressDocument } from './generated/graphql.ts';

const lookEveryMs = 500;
const words = {
  RUNNING: 'Replaying',
  COMPLETED: 'Done',
  FAILED: 'Stopped after errors',
} as const;

/** A bulk replay as it goes, and what came of it. It goes on without the page, and is found again by its address. */
export function JobProgress({ id, onEnd }: Readonly<{ id: string; onEnd?: () => void }>) {
  const [{ data, error }, look] = useQuery({ query: ReplayProgressDocument, variables: { id } });
  const job = data?.replayJob;
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
  if (job === null) return <Problem error="There is no such replay here." />;
  if (job === undefined)
    return error === undefined ? <progress aria-label="Replayed" /> : <Problem error={error} />;
  const { status, matched, replayed, skipped, createdAt, completedAt } = job;
  const done = replayed + skipped;
  const count = (n: number) => n.toLocaleString('en');
  return (
    <div className="job">
      <progress
        max={Math.max(1, matched)}
        value={isRunning ? done : Math.max(1, done)}
        aria-label="Replayed"
      />
      <p role="status">
        {words[status]}: {count(replayed)} of {count(matched)} replayed
        {skipped > 0 && `, ${count(skipped)} left out (purged, replayed by somebody else, or past retention)`}
        .
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
        <Link href={`/deliveries?kind=REPLAY&from=${encodeURIComponent(createdAt)}`}>
          See what becomes of them
        </Link>
      </p>
    </div>
  );
}
