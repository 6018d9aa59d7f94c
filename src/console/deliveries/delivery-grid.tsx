import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useCallback, useEffect, useRef, useState } from 'react';
import type { Row } from '../live/delivery-table.ts';
import { useNarrow } from '../parts/narrow.ts';
import { Status, wordsOf } from '../parts/status.tsx';
import { Countdown, duration, Time } from '../parts/time.tsx';
import { mostChosen } from '../replays/bulk.tsx';

const columns = ['Time', 'Event type', 'Endpoint', 'Status', 'Attempts', 'Next attempt', 'Latency'];
const wideRow = 36;
const narrowRow = 64;
const rowsBeforeTheEnd = 20;

/** Renders the visible rows of a long list. The next page is requested shortly before the end. */
export function DeliveryGrid(
  props: Readonly<{
    rows: readonly Row[];
    hasMore: boolean;
    isLoadingMore: boolean;
    /** Such a list is searched, which takes long where little matches: more is read only if somebody asks. */
    isStill: boolean;
    onMore: () => void;
    onOpen: (id: string) => void;
    chosen: ReadonlySet<string>;
    onChoose: (chosen: ReadonlySet<string>) => void;
    onReplay: (ids: readonly string[]) => void;
  }>,
) {
  const { rows, hasMore, isLoadingMore, isStill, onMore, onOpen, chosen, onChoose, onReplay } = props;
  // Rows keep the same function for as long as they live, and are not drawn anew when another one is chosen.
  const choosing = useRef({ chosen, onChoose });
  choosing.current = { chosen, onChoose };
  const choose = useCallback((id: string, isWanted?: boolean) => {
    const { chosen: before, onChoose: tell } = choosing.current;
    const next = new Set(before);
    if (isWanted ?? !before.has(id)) next.add(id);
    else next.delete(id);
    if (next.size > mostChosen) return;
    choosing.current = { chosen: next, onChoose: tell };
    tell(next);
  }, []);
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string>();
  const isNarrow = useNarrow();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? narrowRow : wideRow),
    overscan: 10,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows have another height.
  useEffect(() => virtual.measure(), [isNarrow]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isStill && !isLoadingMore && last >= rows.length - rowsBeforeTheEnd) onMore();
  }, [hasMore, isStill, isLoadingMore, last, rows.length, onMore]);

  const found = rows.findIndex(({ id }) => id === active);
  const current = found === -1 ? 0 : found;

  function go(index: number) {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    setActive(rows[target]?.id);
    virtual.scrollToIndex(target);
    requestAnimationFrame(() => {
      const row = scroller.current?.querySelector(`[data-index="${target}"]`);
      if (row instanceof HTMLElement) row.focus();
    });
  }

  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = rows[current]?.id;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      const there = rows[current + step]?.id;
      if (event.shiftKey && here !== undefined) choose(here, true);
      if (event.shiftKey && there !== undefined) choose(there, true);
      go(current + step);
    } else if (event.key === ' ' && here !== undefined) choose(here);
    else if (event.key === 'r' && here !== undefined) onReplay(chosen.size > 0 ? [...chosen] : [here]);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(rows.length - 1);
    else if (event.key === 'Enter') {
      const row = rows[current];
      if (row !== undefined) onOpen(row.id);
    } else return;
    event.preventDefault();
  }

  return (
    <div
      className="grid"
      role="grid"
      aria-label="Deliveries"
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-readonly="true"
      aria-multiselectable="true"
    >
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row">
          <span role="columnheader">
            <span className="hidden">Chosen</span>
          </span>
          {columns.map((name) => (
            <span role="columnheader" key={name}>
              {name}
            </span>
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        className="grid-body"
        ref={scroller}
        tabIndex={rows.length === 0 ? 0 : -1}
        onKeyDown={press}
      >
        {rows.length === 0 && (
          <div role="row" className="grid-empty">
            <span role="gridcell">
              {!isStill
                ? 'No delivery matches. New ones appear here by themselves.'
                : hasMore
                  ? 'None of those that were looked at so far.'
                  : 'No delivery matches.'}
            </span>
          </div>
        )}
        <div role="presentation" className="grid-space" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : (
              <GridRow
                key={row.id}
                row={row}
                index={item.index}
                start={item.start}
                height={item.size}
                isActive={item.index === current}
                isChosen={chosen.has(row.id)}
                onChoose={choose}
                onFocus={setActive}
                onOpen={onOpen}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

const GridRow = memo(function GridRow(
  props: Readonly<{
    row: Row;
    index: number;
    start: number;
    height: number;
    isActive: boolean;
    isChosen: boolean;
    onChoose: (id: string) => void;
    onFocus: (id: string) => void;
    onOpen: (id: string) => void;
  }>,
) {
  const { row, index, start, height, isActive, isChosen, onChoose, onFocus, onOpen } = props;
  return (
    <div
      role="row"
      className="grid-row"
      data-index={index}
      data-id={row.id}
      aria-rowindex={index + 2}
      tabIndex={isActive ? 0 : -1}
      style={{ transform: `translateY(${start}px)`, height }}
      onFocus={() => onFocus(row.id)}
      onClick={() => onOpen(row.id)}
      onKeyDown={undefined}
      aria-selected={isChosen}
    >
      <span role="gridcell" className="cell-choose">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isChosen}
          aria-label={`Choose the delivery of ${row.eventType}`}
          onClick={(event) => event.stopPropagation()}
          onChange={() => onChoose(row.id)}
        />
      </span>
      <span role="gridcell" className="cell-time">
        <Time at={row.createdAt} />
      </span>
      <span role="gridcell" className="cell-type">
        {row.eventType}
        {row.kind !== 'EVENT' && <small> {wordsOf(row.kind).toLowerCase()}</small>}
      </span>
      <span role="gridcell" className="cell-endpoint" title={row.endpoint.url}>
        {row.endpoint.url}
      </span>
      <span role="gridcell" className="cell-status">
        <Status status={row.status} />
        {row.failureReason !== null && row.status === 'FAILED' && (
          <small> {wordsOf(row.failureReason).toLowerCase()}</small>
        )}
      </span>
      <span role="gridcell" className="cell-attempts">
        {row.attemptCount} of {row.maxAttempts}
      </span>
      <span role="gridcell" className="cell-next">
        {row.nextAttemptAt !== null && <Countdown to={row.nextAttemptAt} />}
      </span>
      <span role="gridcell" className="cell-latency">
        {row.completedAt !== null &&
          row.attemptCount > 0 &&
          duration(Math.max(0, Date.parse(row.completedAt) - Date.parse(row.createdAt)))}
      </span>
    </div>
  );
});
