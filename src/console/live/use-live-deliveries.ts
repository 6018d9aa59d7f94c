import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { type Client, CombinedError, useClient } from 'urql';
import { UnauthenticatedError } from '../../client/errors.ts';
import { signOut } from '../app/session.ts';
import { DeliveriesPageDocument, type DeliveryFilter } from '../deliveries/generated/graphql.ts';
import { LiveChangeFragmentDoc, StillThereDocument } from './generated/graphql.ts';
import { type DeliverySource, LiveDeliveries, type Snapshot } from './live-deliveries.ts';
import { openLog } from './server-log.ts';

/** The deliveries that match a filter, as they change. An equal filter must be the same object. */
export function useLiveDeliveries(
  filter: DeliveryFilter,
  first: number,
): Snapshot & Readonly<{ loadMore: () => void; reload: () => void }> {
  const client = useClient();
  const live = useMemo(() => new LiveDeliveries(sourceOf(client), filter, first), [client, filter, first]);
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  const handlers = useMemo(
    () => ({ loadMore: () => void live.loadMore(), reload: () => live.start() }),
    [live],
  );
  const snapshot = useSyncExternalStore(
    useMemo(() => live.subscribe.bind(live), [live]),
    () => live.snapshot,
  );
  useEffect(() => {
    // Not the error that was rendered: after another sign-in the table has begun anew meanwhile.
    if (snapshot.error === live.snapshot.error && snapshot.error instanceof UnauthenticatedError) {
      signOut('Your token has ended. Sign in again to go on where you were.');
    }
  }, [live, snapshot.error]);
  return { ...snapshot, ...handlers };
}

function sourceOf(client: Client): DeliverySource {
  const fresh = { requestPolicy: 'network-only' } as const;
  return {
    async readPage(variables) {
      const { data, error } = await client.query(DeliveriesPageDocument, variables, fresh).toPromise();
      if (data === undefined) throw error ?? new Error('The answer could not be read.');
      return data.deliveries;
    },
    async findThere(ids) {
      const { data, error } = await client.query(StillThereDocument, { ids: [...ids] }, fresh).toPromise();
      if (data === undefined) throw error ?? new Error('The answer could not be read.');
      return new Set(data.deliveries.nodes.map(({ id }) => id));
    },
    openLog: (options) => openLog({ ...options, select: LiveChangeFragmentDoc }),
    nextFrame(show) {
      // A hidden page has no frames.
      if (document.hidden) queueMicrotask(show);
      else requestAnimationFrame(show);
    },
  };
}

/** Why nothing could be read, in the form that the parts of a page use. */
export const problemOf = (error: unknown): CombinedError | string | undefined =>
  error === undefined || error instanceof CombinedError
    ? error
    : error instanceof Error
      ? error.message
      : String(error);
