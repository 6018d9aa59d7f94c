import { useCallback, useMemo, useRef, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { DeliveryFacts } from '../delivery/delivery-facts.tsx';
import type { DeliveryTable } from '../live/delivery-table.ts';
import { LiveIndicator } from '../live/live-indicator.tsx';
import { problemOf, useLiveDeliveries } from '../live/use-live-deliveries.ts';
import { Problem } from '../parts/problem.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { Window } from '../parts/window.tsx';
import { type Bulk, BulkActs } from '../replays/bulk.tsx';
import { DeliveryGrid } from './delivery-grid.tsx';
import { filterOf } from './filter-of.ts';
import { DeliveryFilters } from './filters.tsx';
import { Keys } from './keys.tsx';

const firstPage = 50;

/** The deliveries as they change. The address contains every choice. */
export default function DeliveriesView() {
  const [search] = useSearchParams();
  const asked = [...search]
    .filter(([name]) => name !== 'open' && name !== 'job')
    .map((pair) => pair.join('='))
    .join('&');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same words are the same filter.
  const { filter, problem } = useMemo(() => filterOf(search), [asked]);
  return (
    <>
      <title>Deliveries · Heliograph</title>
      {problem === undefined ? (
        <LiveTable filter={filter} />
      ) : (
        <>
          <h1>Deliveries</h1>
          <DeliveryFilters />
          <Problem error={problem} />
        </>
      )}
    </>
  );
}

function LiveTable({ filter }: Readonly<{ filter: ReturnType<typeof filterOf>['filter'] }>) {
  const live = useLiveDeliveries(filter, firstPage);
  const [pause, setPause] = useState<Readonly<{ filter: object; table: DeliveryTable | undefined }>>();
  // With another filter the rows that were held are not what was asked for.
  const held = pause?.filter === filter ? pause.table : undefined;
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState<Bulk>();
  const [search, setSearch] = useSearchParams();
  const opened = search.get('open');
  const filters = useRef<HTMLDivElement>(null);
  const problem = problemOf(live.error);
  const table = live.table === undefined ? undefined : (held ?? live.table);
  const isStill = live.state === 'still';
  const open = useCallback(
    (id: string) => setSearch((last) => ({ ...Object.fromEntries(last), open: id })),
    [setSearch],
  );

  return (
    <div
      className="deliveries"
      onKeyDown={(event) => {
        const isTyping =
          (event.target instanceof HTMLInputElement && event.target.type !== 'checkbox') ||
          event.target instanceof HTMLSelectElement;
        if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === '?') setHelpOpen(true);
        else if (event.key === '/') filters.current?.querySelector('input')?.focus();
        else return;
        event.preventDefault();
      }}
    >
      <div className="view-head">
        <h1>Deliveries</h1>
        <LiveIndicator
          state={live.state}
          position={table?.position ?? 0}
          isPaused={held !== undefined}
          {...(isStill
            ? {}
            : { onPause: () => setPause(held === undefined ? { filter, table: live.table } : undefined) })}
        />
        {isStill && (
          <button type="button" title="The live log cannot be filtered by answers" onClick={live.reload}>
            Look again
          </button>
        )}
        <button type="button" className="quiet" onClick={() => setHelpOpen(true)}>
          Keys
        </button>
      </div>
      <div ref={filters}>
        <DeliveryFilters />
      </div>
      <BulkActs
        filter={filter}
        chosen={chosen}
        onForget={() => setChosen(new Set())}
        open={bulk}
        onOpen={setBulk}
      />
      {problem !== undefined && <Problem error={problem} onRetry={live.reload} />}
      {table === undefined && problem === undefined && <Skeleton lines={12} />}
      {table !== undefined && (
        <DeliveryGrid
          rows={table.rows}
          hasMore={table.next !== undefined}
          isLoadingMore={live.isLoadingMore}
          isStill={isStill}
          onMore={held === undefined ? live.loadMore : () => undefined}
          onOpen={open}
          chosen={chosen}
          onChoose={setChosen}
          onReplay={(ids) => setBulk({ act: 'replay', ids })}
        />
      )}
      {isStill && table?.next !== undefined && (
        <p className="acts">
          <button type="button" disabled={live.isLoadingMore} onClick={live.loadMore}>
            {live.isLoadingMore ? 'Looking…' : 'Look further back'}
          </button>
        </p>
      )}
      {opened !== null && (
        <Window
          title="Delivery"
          drawer
          isOpen
          onOpenChange={() =>
            setSearch((last) => Object.fromEntries([...last].filter(([name]) => name !== 'open')))
          }
        >
          <p>
            <Link href={`/deliveries/${opened}`}>Open as a page</Link>
          </p>
          <DeliveryFacts key={opened} id={opened} />
        </Window>
      )}
      <Keys isOpen={isHelpOpen} onOpenChange={setHelpOpen} />
    </div>
  );
}
