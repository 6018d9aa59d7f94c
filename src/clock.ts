/** A day by UTC, which has no other length. */
export const dayMs = 86_400_000;

let offsetMs = 0;

/** Sets the database's time minus this process's time, in milliseconds, as measured at connect. */
export function setClockOffset(milliseconds: number): void {
  offsetMs = Math.round(milliseconds);
}

/** Milliseconds since 1970 by the database's clock, as far as this process knows it. */
export function databaseNow(): number {
  return Date.now() + offsetMs;
}
