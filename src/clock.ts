/** One day in UTC, where every day has the same length. */
export const dayMs = 86_400_000;

let offsetMs = 0;

/** Sets how many milliseconds the database's clock is ahead of this process's clock, as measured at connect. */
export function setClockOffset(milliseconds: number): void {
  offsetMs = Math.round(milliseconds);
}

/** Milliseconds since 1970 by the database's clock, as far as this process knows it. */
export function databaseNow(): number {
  return Date.now() + offsetMs;
}
