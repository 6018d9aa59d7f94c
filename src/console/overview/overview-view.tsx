import './overview.css';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { type Client, useClient, useQuery } from 'urql';
import { LiveIndicator } from '../live/live-indicator.tsx';
import { Pending } from '../parts/pending.tsx';
import { TimeWindows, useTimeWindow } from '../parts/windows.tsx';
import { Attention } from './attention.tsx';
import { Figures } from './figures.tsx';
import { FirstSteps } from './first-steps.tsx';
import { FirstStepsDocument, OverviewDocument } from './generated/graphql.ts';
import { NewestChanges } from './newest-changes.tsx';
import { useNewestChanges } from './use-newest-changes.ts';

const buckets = 60;
/** How often the figures are read at most while something happens, and how often if nothing does. */
const leastMs = 3_000;
const mostMs = 30_000;
/** Those whose owner has had deliveries. Only a newcomer needs the first steps. */
const begun = new WeakSet<Client>();

/** An overview: figures, charts, endpoints that need attention, and the newest changes. */
export default function Overview() {
  const { name, since, moveOn } = useTimeWindow();
  const variables = useMemo(() => ({ since, buckets }), [since]);
  const [{ data: fresh, error }, ask] = useQuery({ query: OverviewDocument, variables });
  const kept = useRef(fresh);
  if (fresh !== undefined) kept.current = fresh;
  const data = fresh ?? kept.current;

  const again = useCallback(() => {
    moveOn();
    ask({ requestPolicy: 'network-only' });
  }, [ask, moveOn]);
  const client = useClient();
  // Asked for beside the figures, so that a newcomer does not wait for one after the other.
  useEffect(() => {
    if (!begun.has(client)) void client.query(FirstStepsDocument, {}).toPromise();
  }, [client]);
  const changes = useNewestChanges();
  useAgain(again, changes.position);

  if (data === undefined) {
    return (
      <div className="overview">
        <title>Heliograph</title>
        <h1>Overview</h1>
        <Pending lines={10} error={error} onRetry={again} />
      </div>
    );
  }
  if (data.newest.nodes.length === 0) return <FirstSteps />;
  begun.add(client);
  return (
    <div className="overview">
      <title>Overview · Heliograph</title>
      <div className="view-head">
        <h1>Overview</h1>
        <LiveIndicator state={changes.state} position={changes.position} />
        <TimeWindows path="/" name={name} />
      </div>
      <Figures data={data} since={since} />
      <div className="halves">
        <Attention data={data} since={since} onChanged={again} />
        <NewestChanges changes={changes.newest} />
      </div>
    </div>
  );
}

/** Reads again soon after the position of the log has changed, and from time to time in any case. */
function useAgain(again: () => void, position: number) {
  const readAt = useRef(0);
  useEffect(() => {
    if (position === 0) return;
    const waitMs = Math.max(250, readAt.current + leastMs - Date.now());
    const timer = setTimeout(() => {
      readAt.current = Date.now();
      again();
    }, waitMs);
    return () => clearTimeout(timer);
  }, [position, again]);
  useEffect(() => {
    const timer = setInterval(again, mostMs);
    return () => clearInterval(timer);
  }, [again]);
}
