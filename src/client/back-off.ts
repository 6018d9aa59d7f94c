const firstMs = 250;
const mostMs = 15_000;

/** How long to wait before the try with this number (from 0): a random time, from at most 250 ms up to at most 15 s. */
export const backOffMs = (attempt: number): number =>
  Math.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));

/** Resolves after a time, or at once if the signal is aborted. */
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
