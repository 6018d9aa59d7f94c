import { useState } from 'react';
import { useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { type DeliveryFilter, StartCancelDocument } from './generated/graphql.ts';
import { cancellable } from './narrow-filter.ts';
import { useCount } from './use-count.ts';

/** Says exactly what will not be sent, and starts it. `which` completes "deliveries … that still wait". */
export function CancelMany(
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
    filter: cancellable(props.filter, new Date().toISOString()),
    key: `console-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`,
  }));
  const counted = useCount(filter);
  const { act, isRunning, refusal } = useAct(StartCancelDocument);
  const count = counted?.count ?? 0;
  return (
    <Confirm
      title="Cancel many"
      act={count === 0 ? 'Cancel them' : `Cancel ${counted?.words}`}
      isOpen
      onClose={onClose}
      isRunning={isRunning}
      refusal={refusal}
      isReady={count > 0}
      {...(count > 1 ? { typed: String(count) } : {})}
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
          `Nothing waits ${which}.`
        ) : (
          <>
            <strong>{counted.words}</strong> {count === 1 ? 'delivery' : 'deliveries'} {which} that still{' '}
            {count === 1 ? 'waits ends' : 'wait end'} as failed and {count === 1 ? 'is' : 'are'} not sent.
            What is being sent at that moment is left as it is. Each can be replayed later, one by one or
            together.
          </>
        )}
      </p>
    </Confirm>
  );
}
