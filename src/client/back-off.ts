const firstMs = 250;
const mostMs = 15_000;

/** How long to wait before the try of this number (from 0): full jitter, from 250 ms at most up to 15 s at most. */
export const backOffMs = (attempt: number): number =>
  Math.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));

/** Resolves after a time, or at once where the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
