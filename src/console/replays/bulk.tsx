import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { Window } from '../parts/window.tsx';
import { CancelMany } from './cancel-many.tsx';
import type { DeliveryFilter } from './generated/graphql.ts';
import { isCancellation, JobProgress } from './job-progress.tsx';
import { ReplayMany } from './replay-many.tsx';

/** The limit for ids in a filter. */
export const mostChosen = 100;

export type Bulk = Readonly<{ act: 'replay' | 'cancel'; ids: readonly string[] }>;

/**
 * What can be done with many deliveries at once: those that were chosen, or else all that the filter matches. A job that
 * has begun stands in the address, so that it is found again.
 */
export function BulkActs(
  props: Readonly<{
    filter: DeliveryFilter;
    chosen: ReadonlySet<string>;
    onForget: () => void;
    open: Bulk | undefined;
    onOpen: (bulk: Bulk | undefined) => void;
  }>,
) {
  const { filter, chosen, onForget, open, onOpen } = props;
  const [search, setSearch] = useSearchParams();
  const [round, setRound] = useState(0);
  const job = search.get('job');
  const mayAct = useMay('MANAGE_WEBHOOKS');
  const setJob = (id: string | undefined) =>
    setSearch((last) => {
      const rest = Object.fromEntries([...last].filter(([name]) => name !== 'job'));
      return id === undefined ? rest : { ...rest, job: id };
    });
  const isAll = open === undefined || open.ids.length === 0;
  const asked: DeliveryFilter = isAll ? filter : { id: [...open.ids] };
  const which = isAll ? 'that match the filter' : 'that you have chosen';
  const close = () => {
    onOpen(undefined);
    setRound(round + 1);
  };
  const started = (id: string) => {
    close();
    onForget();
    setJob(id);
  };
  const ids = [...chosen];
  if (!mayAct) return null;
  return (
    <div className="bulk">
      <span aria-live="polite">{ids.length === 0 ? 'All that match:' : `${ids.length} chosen:`}</span>
      <button type="button" onClick={() => onOpen({ act: 'replay', ids })}>
        Replay…
      </button>
      <button type="button" onClick={() => onOpen({ act: 'cancel', ids })}>
        Cancel…
      </button>
      {ids.length > 0 && (
        <button type="button" className="quiet" onClick={onForget}>
          Choose none
        </button>
      )}
      {open?.act === 'replay' && (
        <ReplayMany key={round} filter={asked} which={which} onClose={close} onStarted={started} />
      )}
      {open?.act === 'cancel' && (
        <CancelMany key={round} filter={asked} which={which} onClose={close} onStarted={started} />
      )}
      {job !== null && (
        <Window
          title={isCancellation(job) ? 'Cancelling' : 'Replaying'}
          isOpen
          onOpenChange={(is) => (is ? undefined : setJob(undefined))}
        >
          <JobProgress id={job} />
        </Window>
      )}
    </div>
  );
}
