import { useCallback, useEffect, useRef, useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { DeliveriesPageDocument, type DeliveryFilter } from '../deliveries/generated/graphql.ts';
import {
  addPage,
  applyChanges,
  type Change,
  type DeliveryTable,
  expectPage,
  forgetPage,
  startTable,
} from './delivery-table.ts';
import { followLog, type LogState } from './follow-log.ts';

export type LiveDeliveries = Readonly<{
  table: DeliveryTable | undefined;
  state: LogState;
  error: CombinedError | undefined;
  isLoadingMore: boolean;
  loadMore: () => void;
  reload: () => void;
}>;

/**
 * The deliveries that a filter matches, as they change: one page, the log from there on, more pages as they are asked
 * for. The rows change at most once a frame, however many changes come. The filter must be the same object for as long
 * as it says the same.
 */
export function useLiveDeliveries(filter: DeliveryFilter, first: number): LiveDeliveries {
  const client = useClient();
  const [shown, setShown] = useState<DeliveryTable>();
  const [state, setState] = useState<LogState>('catching up');
  const [error, setError] = useState<CombinedError>();
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [round, setRound] = useState(0);
  const table = useRef<DeliveryTable>(undefined);
  const generation = useRef<AbortSignal>(undefined);

  const show = useCallback((next: DeliveryTable) => {
    table.current = next;
    setShown(next);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round reads everything anew.
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    generation.current = signal;
    let changes: Change[] = [];
    let position = 0;
    let frame: number | undefined;
    const flush = () => {
      frame = undefined;
      if (signal.aborted || table.current === undefined) return;
      show(applyChanges(table.current, changes, position));
      changes = [];
    };
    setState('catching up');
    setError(undefined);
    const begin = async () => {
      const { data, error: failed } = await client
        .query(DeliveriesPageDocument, { filter, first }, { requestPolicy: 'network-only' })
        .toPromise();
      if (signal.aborted) return;
      if (data === undefined) {
        setError(failed);
        setState('reconnecting');
        return;
      }
      show(startTable(data.deliveries, filter.status ?? undefined));
      const { status: _, ...unchanging } = filter;
      await followLog({
        after: data.deliveries.logPosition,
        filter: unchanging,
        signal,
        onState: (next) => {
          // What has come is shown before the indicator says that it is.
          if (frame !== undefined && next === 'live') cancelAnimationFrame(frame);
          if (frame !== undefined && next === 'live') flush();
          if (!signal.aborted) setState(next);
        },
        onLost: () => setRound((last) => last + 1),
        onBatch(batch) {
          changes.push(...batch.changes);
          position = batch.position;
          // A hidden page has no frames.
          if (document.hidden) flush();
          else frame ??= requestAnimationFrame(flush);
        },
      });
    };
    void begin();
    return () => {
      leaving.abort();
      if (frame !== undefined) cancelAnimationFrame(frame);
      table.current = undefined;
      setShown(undefined);
    };
  }, [client, filter, first, round, show]);

  const loadMore = useCallback(async () => {
    const signal = generation.current;
    const before = table.current;
    if (before?.endCursor === undefined || before.kept !== undefined) return;
    show(expectPage(before));
    setLoadingMore(true);
    const variables = { filter, first: 100, after: before.endCursor };
    const { data } = await client
      .query(DeliveriesPageDocument, variables, { requestPolicy: 'network-only' })
      .toPromise();
    if (signal?.aborted || table.current === undefined) return;
    setLoadingMore(false);
    show(data === undefined ? forgetPage(table.current) : addPage(table.current, data.deliveries));
  }, [client, filter, show]);

  return {
    table: shown,
    state,
    error,
    isLoadingMore,
    loadMore: () => void loadMore(),
    reload: () => setRound((last) => last + 1),
  };
}
