import type pg from 'pg';
import { dayMs, setClockOffset } from '../clock.ts';

/** With a larger difference, new ids would belong to partitions that do not exist. */
const maxSkewMs = dayMs;

/** More than the time that passes between the looks at two clocks. */
const maxStepMs = 100;

/**
 * Measures how far the database's clock is from ours, so that ids carry the database's time. If our clock is set while
 * the answer is on its way, it is measured again. Refuses a skew of over a day.
 */
export async function synchroniseClock(pool: pg.Pool): Promise<void> {
  let offsetMs = 0;
  for (let tries = 0, stepMs = maxSkewMs; tries < 10 && stepMs > maxStepMs; tries += 1) {
    const [begunAt, before] = [performance.now(), Date.now()];
    const { rows } = await pool.query<{ now: number }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
    );
    const after = Date.now();
    stepMs = Math.abs(after - before - (performance.now() - begunAt));
    offsetMs = Number(rows[0]?.now) - (before + after) / 2;
  }
  if (Math.abs(offsetMs) > maxSkewMs) {
    throw new Error(
      'The clocks of this host and of the database differ by more than a day. Correct the wrong one.',
    );
  }
  setClockOffset(offsetMs);
}
