/** One day in UTC, where every day has the same length. */
export const dayMs = 86_400_000;

/** A clock that is only corrected little by little stays below this for half an hour. */
const maxDriftMs = 1_000;
/** Our clock less one that nobody can set. */
const steadyOffset = () => Date.now() - performance.now();

let offsetMs = 0;
let steadyMs = steadyOffset();

/** Sets how many milliseconds the database's clock is ahead of this process's clock, as measured now. */
export function setClockOffset(milliseconds: number): void {
  offsetMs = Math.round(milliseconds);
  steadyMs = steadyOffset();
}

/** Whether our clock was set, or the machine slept, since the database's clock was measured. */
export const isClockOffsetOutdated = (): boolean => Math.abs(steadyOffset() - steadyMs) > maxDriftMs;

/** Milliseconds since 1970 by the database's clock, as far as this process knows it. */
export function databaseNow(): number {
  return Date.now() + offsetMs;
}
