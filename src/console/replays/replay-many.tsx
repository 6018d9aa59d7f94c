import { useState } from 'react';
import { useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { type DeliveryFilter, StartReplayDocument } from './generated/graphql.ts';
import { replayable } from './narrow-filter.ts';
import { useCount } from './use-count.ts';

/** From this number on, the person has to type the number, so that it cannot happen by a slip. */
const many = 100;

/** Says exactly what will be sent again, and starts it. `which` completes "failed deliveries …". */
export function ReplayMany(
  props: Readonly<{
    filter: DeliveryFilter;
    which: string;
    onClose: () => void;
    onStarted: (jobId: string) => void;
  }>,
) {
  const { which, onClose, onStarted } = props;
  // The counted deliveries stay the same while the dialog is open.
  const [{ filter, key }] = useState(() => ({
    filter: replayable(props.filter, new Date().toISOString()),
    key: `console-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`,
  }));
  const counted = useCount(filter);
  const { act, isRunning, refusal } = useAct(StartReplayDocument);
  const count = counted?.count ?? 0;
  return (
    <Confirm
      title="Replay many"
      act={count === 0 ? 'Replay them' : `Replay ${counted?.words}`}
      isOpen
      onClose={onClose}
      isRunning={isRunning}
      refusal={refusal}
      isReady={count > 0}
      isHarmless
      {...(count >= many ? { typed: String(count) } : {})}
      onConfirm={async () => {
        if (filter === undefined) return;
        const done = await act({ filter, idempotencyKey: key });
        if (done !== undefined && 'job' in done) onStarted(done.job.id);
      }}
    >
      <p aria-live="polite">
        {counted === undefined ? (
          'Counting…'
        ) : count === 0 ? (
          `There is nothing to replay ${which}: nothing failed, or all of it was replayed before.`
        ) : (
          <>
            <strong>{counted.words}</strong> failed {count === 1 ? 'delivery' : 'deliveries'} {which}{' '}
            {count === 1 ? 'is' : 'are'} sent again, each as a new delivery with the same event id. Receivers
            that remember the ids drop what they have had. What was replayed before, and what fails from now
            on, is left out.
          </>
        )}
      </p>
    </Confirm>
  );
}
