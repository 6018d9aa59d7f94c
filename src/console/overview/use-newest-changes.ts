import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import type { LogState } from '../../client/log.ts';
import { openLog } from '../live/server-log.ts';
import {
  LogBoundsDocument,
  type NewestChangeFragment,
  NewestChangeFragmentDoc,
} from './generated/graphql.ts';

const shown = 20;
const askAgainMs = 2_000;

export type NewestChanges = Readonly<{
  /** Newest first. */
  newest: readonly NewestChangeFragment[];
  position: number;
  state: LogState;
}>;

const none: NewestChanges = { newest: [], position: 0, state: 'catching up' };

/** The last changes of the whole log, as they arrive. They are rendered at most once a frame. */
export function useNewestChanges(): NewestChanges {
  const client = useClient();
  const [changes, setChanges] = useState(none);
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const show = (changed: Partial<NewestChanges>) => {
      if (!signal.aborted) setChanges((last) => ({ ...last, ...changed }));
    };
    async function follow(): Promise<void> {
      const { data } = await client
        .query(LogBoundsDocument, {}, { requestPolicy: 'network-only' })
        .toPromise();
      if (data === undefined) throw new Error('Where the log begins is not known.');
      let newest: readonly NewestChangeFragment[] = [];
      let isPlanned = false;
      const log = openLog({
        select: NewestChangeFragmentDoc,
        after: Math.max(data.logOldest, data.logHead - shown),
        signal,
        onState: (state) => show({ state: state === 'live' && isPlanned ? 'catching up' : state }),
      });
      const flush = () => {
        isPlanned = false;
        show({ newest, position: log.position ?? 0, state: log.state });
      };
      for (;;) {
        const batch = await log.nextBatch(500);
        if (batch === undefined) return;
        newest = [...newest, ...batch.changes].sort((a, b) => b.position - a.position).slice(0, shown);
        if (isPlanned) continue;
        isPlanned = true;
        if (document.hidden) flush();
        else requestAnimationFrame(flush);
      }
    }
    // Whatever has ended it, the newest changes are read again.
    async function goOn(): Promise<void> {
      while (!signal.aborted) {
        await follow().catch(() => undefined);
        show({ state: 'reconnecting' });
        await new Promise((resolve) => setTimeout(resolve, askAgainMs));
      }
    }
    void goOn();
    return () => leaving.abort();
  }, [client]);
  return changes;
}
