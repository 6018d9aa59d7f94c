import './chart.css';
import { useCallback, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { useAsked } from './pages.tsx';

const minuteMs = 60_000;
const windows = [
  ['1h', 60 * minuteMs, '1 hour'],
  ['24h', 24 * 60 * minuteMs, '24 hours'],
  ['7d', 7 * 24 * 60 * minuteMs, '7 days'],
  ['30d', 30 * 24 * 60 * minuteMs, '30 days'],
] as const;
const usual = windows[1];

/** The window of time that the address asks for, and where it begins. `moveOn` lets it end now. */
export function useTimeWindow() {
  const asked = useAsked('window');
  const [name, lengthMs, words] = windows.find(([one]) => one === asked) ?? usual;
  const [now, setNow] = useState(() => Date.now());
  // A whole minute, so that a repeated request within it is the same; never earlier than what is kept.
  const since = new Date(Math.ceil((now - lengthMs) / minuteMs) * minuteMs).toISOString();
  const moveOn = useCallback(() => setNow(Date.now()), []);
  return useMemo(() => ({ name, words, since, moveOn }), [name, words, since, moveOn]);
}

/** The choice among the windows of a view. */
export function TimeWindows({ path, name }: Readonly<{ path: string; name: string }>) {
  return (
    <nav className="windows" aria-label="Window">
      {windows.map(([one, , words]) => (
        <Link
          key={one}
          href={`${path}?window=${one}`}
          title={`The last ${words}`}
          {...(one === name ? { 'aria-current': 'true' as const } : {})}
        >
          {one}
        </Link>
      ))}
    </nav>
  );
}
