import { useState } from 'react';
import { useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ChoiceField } from '../parts/form.tsx';
import { Window } from '../parts/window.tsx';
import { JobProgress } from '../replays/job-progress.tsx';
import { type OneEndpointQuery, RecoverEndpointDocument } from './generated/graphql.ts';
import { useCounts } from './use-counts.ts';

type Endpoint = NonNullable<OneEndpointQuery['endpoint']>;
type Props = Readonly<{ endpoint: Endpoint; onClose: () => void; onChanged: () => void }>;

const hour = 3_600_000;
const windows = [
  [hour, 'the last hour'],
  [24 * hour, 'the last day'],
  [7 * 24 * hour, 'the last week'],
  [30 * 24 * hour, 'the last 30 days'],
] as const;

/** Replays all deliveries that failed since a given time. They are counted first, and then the progress is shown. */
export function Recover({ endpoint, onClose, onChanged }: Props) {
  const [openedAt] = useState(() => Date.now());
  const [length, setLength] = useState<number>(24 * hour);
  const since = new Date(openedAt - length).toISOString();
  const { failed } = useCounts(endpoint.id, since);
  const { act, isRunning, refusal } = useAct(RecoverEndpointDocument);
  const [job, setJob] = useState<string>();
  if (job !== undefined) {
    return (
      <Window title="Replaying" isOpen onOpenChange={(is) => (is ? undefined : onClose())}>
        <JobProgress id={job} onEnd={onChanged} />
      </Window>
    );
  }
  return (
    <Confirm
      title="Replay what failed"
      act="Replay them"
      isOpen
      onClose={onClose}
      isRunning={isRunning}
      refusal={refusal}
      isReady={failed !== undefined && failed !== '0'}
      onConfirm={async () => {
        const done = await act({
          filter: {
            endpointId: [endpoint.id],
            status: ['FAILED', 'DEAD_LETTER'],
            isReplayed: false,
            createdAfter: since,
          },
        });
        if (done !== undefined && 'job' in done) setJob(done.job.id);
      }}
    >
      <ChoiceField label="Failed in" value={length} choices={windows} onChange={setLength} />
      <p aria-live="polite">
        <strong>{failed ?? 'Counting…'}</strong> failed deliveries that were not replayed yet are sent again
        to {endpoint.url}, each as a new delivery with the same event id.
      </p>
    </Confirm>
  );
}
