import { useSyncExternalStore } from 'react';

// One clock for every relative time on the page.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    now = Date.now();
    for (const tick of listeners) tick();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** A duration such as `3 min` or `2 h`, in the largest unit that fits. */
export function span(ms: number): string {
  const [size, unit] = units.find(([least]) => ms >= least) ?? [1_000, 's'];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

/** A short duration such as `84 ms` or `2.4 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : span(ms);
}

/** An instant in relative words, with the exact UTC time on hover. */
export function Time({ at }: Readonly<{ at: string }>) {
  const distance = useNow() - Date.parse(at);
  // The clock moves once a second, so what has just happened may lie a little ahead of it.
  const text =
    distance > -2_000 && distance < 1_000
      ? 'now'
      : distance > 0
        ? `${span(distance)} ago`
        : `in ${span(-distance)}`;
  return (
    <time dateTime={at} title={`${at.replace('T', ' ').replace('Z', '')} UTC`}>
      {text}
    </time>
  );
}

/** The time until an instant; after it, that something is due. It may be due for a while, for example at an endpoint that rests. */
export function Countdown({ to }: Readonly<{ to: string }>) {
  const left = Date.parse(to) - useNow();
  return (
    <time dateTime={to} title={`${to.replace('T', ' ').replace('Z', '')} UTC`}>
      {left <= 0 ? 'due' : `in ${span(left)}`}
    </time>
  );
}
