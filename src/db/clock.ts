import type pg from 'pg';
import { dayMs, setClockOffset } from '../clock.ts';

/** A host whose clock is further off than this would put ids into partitions that do not exist. */
const maxSkewMs = dayMs;

/** Measures the database's time against ours, so that ids carry the database's. Refuses a skew of over a day. */
export async function synchroniseClock(pool: pg.Pool): Promise<void> {
  const before = Date.now();
  const { rows } = await pool.query<{ now: number }>(
    'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
  );
  const offsetMs = Number(rows[0]?.now) - (before + Date.now()) / 2;
  if (Math.abs(offsetMs) > maxSkewMs) {
    throw new Error(
      'The clocks of this host and of the database differ by more than a day: set one of them right.',
    );
  }
  setClockOffset(offsetMs);
}
