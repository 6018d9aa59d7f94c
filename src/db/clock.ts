import type pg from 'pg';
import { dayMs, setClockOffset } from '../clock.ts';

/** With a larger difference, new ids would belong to partitions that do not exist. */
const maxSkewMs = dayMs;

/**
 * Measures how far the database's clock is from ours, so that ids carry the database's time. Refuses a skew of over a
 * day.
 */
export async function synchroniseClock(pool: pg.Pool): Promise<void> {
  const before = Date.now();
  const { rows } = await pool.query<{ now: number }>(
    'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
  );
  const offsetMs = Number(rows[0]?.now) - (before + Date.now()) / 2;
  if (Math.abs(offsetMs) > maxSkewMs) {
    throw new Error(
      'The clocks of this host and of the database differ by more than a day. Correct the wrong one.',
    );
  }
  setClockOffset(offsetMs);
}
