import { use, useEffect, useRef, useState } from 'react';
import { useClient } from 'urql';
import { ActsContext } from '../app/api.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Window } from '../parts/window.tsx';
import { CancelOneOfManyDocument, type DeliveryFilter, WaitingPageDocument } from './generated/graphql.ts';
import { cancellable } from './narrow-filter.ts';
import { useCount } from './use-count.ts';

const atOnce = 4;

type Progress = Readonly<{ cancelled: number; left: number; isOver: boolean; problem?: string | undefined }>;

/** Cancels what still waits, one by one, for as long as the window is open; says what will be lost first. */
export function CancelMany(props: Readonly<{ filter: DeliveryFilter; which: string; onClose: () => void }>) {
  const { which, onClose } = props;
  const [filter] = useState(() => cancellable(props.filter, new Date().toISOString()));
  const counted = useCount(filter);
  const [progress, setProgress] = useState<Progress>();
  const [total, setTotal] = useState(0);
  const reads = useClient();
  const acts = use(ActsContext);
  const leaving = useRef(new AbortController());
  useEffect(() => {
    const here = new AbortController();
    leaving.current = here;
    return () => here.abort();
  }, []);

  async function cancelAll(asked: DeliveryFilter): Promise<void> {
    const { signal } = leaving.current;
    let [cancelled, left] = [0, 0];
    const cancel = async (id: string) => {
      const { data, error } = await acts.mutation(CancelOneOfManyDocument, { input: { id } }).toPromise();
      if (data === undefined) throw error ?? new Error('The server cannot be reached.');
      if ('delivery' in data.result) cancelled += 1;
      // It has ended meanwhile, or is gone.
      else left += 1;
    };
    let after: string | null = null;
    try {
      for (;;) {
        const page: Awaited<ReturnType<typeof readPage>> = await readPage(asked, after);
        for (let start = 0; start < page.nodes.length && !signal.aborted; start += atOnce) {
          await Promise.all(page.nodes.slice(start, start + atOnce).map(({ id }) => cancel(id)));
          setProgress({ cancelled, left, isOver: false });
        }
        after = page.pageInfo.endCursor ?? null;
        if (signal.aborted || !page.pageInfo.hasNextPage) break;
      }
      setProgress({ cancelled, left, isOver: true });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      setProgress({ cancelled, left, isOver: true, problem });
    }
  }

  async function readPage(asked: DeliveryFilter, after: string | null) {
    const { data, error } = await reads
      .query(WaitingPageDocument, { filter: asked, after }, { requestPolicy: 'network-only' })
      .toPromise();
    if (data === undefined) throw error ?? new Error('The server cannot be reached.');
    return data.deliveries;
  }

  if (progress !== undefined) {
    const { cancelled, left, isOver, problem } = progress;
    return (
      <Window title="Cancelling" isOpen onOpenChange={(is) => (is ? undefined : onClose())}>
        <progress
          max={Math.max(1, total)}
          value={isOver ? Math.max(1, total) : cancelled + left}
          aria-label="Cancelled"
        />
        <p role="status">
          {isOver ? 'Done' : 'Cancelling; closing this stops it'}: {cancelled.toLocaleString('en')} cancelled
          {left > 0 && `, ${left.toLocaleString('en')} had ended meanwhile`}.
        </p>
        {problem !== undefined && (
          <p role="alert" className="problem">
            It stopped there: {problem}
          </p>
        )}
      </Window>
    );
  }
  const count = counted?.count ?? 0;
  return (
    <Confirm
      title="Cancel many"
      act={count === 0 ? 'Cancel them' : `Cancel ${counted?.words}`}
      isOpen
      onClose={onClose}
      isRunning={false}
      refusal={undefined}
      isReady={count > 0}
      {...(count > 1 ? { typed: String(count) } : {})}
      onConfirm={async () => {
        if (filter === undefined) return;
        setTotal(count);
        setProgress({ cancelled: 0, left: 0, isOver: false });
        await cancelAll(filter);
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
            Each can be replayed later, one by one or together.
          </>
        )}
      </p>
    </Confirm>
  );
}
