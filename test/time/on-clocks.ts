import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, play, type Result } from '../faults/fault.ts';
import { within } from '../faults/site.ts';
import type { MovedSite } from './moved-site.ts';

const dayMs = 86_400_000;
/** The processes are started so long before a moment, and traffic goes on so long after it. */
const startMs = 45_000;
const afterMs = 4_000;

export type Drill = Readonly<{ name: string; run(moved: MovedSite): Promise<Result> }>;

/** Events are published while a moment passes at which a day, a month or the host's time of day changes. */
export const passing = (name: string, moment: string, timeZone: string): Drill => ({
  name,
  async run(moved) {
    const boundary = Date.parse(moment);
    // No clock is set while processes run: they would compare theirs with the database's between the two moves.
    await moved.startAt(boundary - startMs, timeZone);
    const act: Fault['act'] = async ({ traffic, blame }) => {
      if (Date.now() >= boundary) blame('the traffic began too late');
      await within(60_000, () => Date.now() > boundary + afterMs);
      const early = traffic.acknowledged.filter(({ askedAt }) => askedAt < boundary).length;
      const late = traffic.acknowledged.length - early;
      if (early === 0 || late === 0) blame(`${early} events before the moment and ${late} after it`);
      await Promise.all(traffic.tenants.map((tenant) => countsOf(moved, tenant.name, blame)));
    };
    return await play(moved.site, { name, mayDuplicate: false, act });
  },
});

/** Nobody ran for nine days: the partitions that were made ahead are used up. */
export const nobodyRan: Drill = {
  name: 'nobody ran for nine days',
  async run(moved) {
    await moved.startAt(Date.now() + 9 * dayMs, 'UTC');
    return await play(moved.site, { name: this.name, mayDuplicate: false, act: () => delay(3_000) });
  },
};

/** The machine slept for nine days with everything on it. On waking, nothing has been made ahead. */
export const asleep: Drill = {
  name: 'the machine slept for nine days',
  async run(moved) {
    const { site } = moved;
    const act: Fault['act'] = async ({ traffic, blame }) => {
      // A day after a call its keys are forgotten, so none is repeated over the nights.
      await traffic.stop();
      const pids = [...site.running('worker'), ...site.running('api')].map(({ pid }) => pid);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      // What they have sent arrives before the clock of the receivers moves, too, or its signature is too old.
      await delay(500);
      await moved.setClock(Date.now() + 9 * dayMs);
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      traffic.start();
      const wokeAt = performance.now();
      const before = traffic.acknowledged.length;
      if (!(await within(60_000, () => traffic.acknowledged.length > before + 20)))
        blame('publishing did not go on');
      console.log(`  published again after ${((performance.now() - wokeAt) / 1000).toFixed(1)} s`);
    };
    return await play(site, { name: this.name, mayDuplicate: true, act });
  },
};

/** The statistics of the hours, which must not depend on the host's time zone, are as many as the ended deliveries. */
async function countsOf(moved: MovedSite, tenant: string, blame: (problem: string) => void): Promise<void> {
  const [owner] = await moved.site.sql<{ id: string }>('select id from tenant where external_id = $1', [
    tenant,
  ]);
  const isEqual = await within(20_000, async () => {
    const [row] = await moved.site.sql<{ ended: number; counted: number }>(
      `select (select count(*)::integer from delivery where owner_id = $1 and status = 'SUCCEEDED') as ended,
              (select coalesce(sum(succeeded), 0)::integer from endpoint_stat where owner_id = $1) as counted`,
      [owner?.id],
    );
    return row !== undefined && row.ended > 0 && row.ended === row.counted;
  });
  if (!isEqual) blame(`the statistics of ${tenant} differ from its deliveries`);
}
