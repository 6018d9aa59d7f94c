import { setTimeout as delay } from 'node:timers/promises';
import { holds, Site } from '../faults/site.ts';
import { cpuMicrosOf, postgresCpuMicros } from './cpu.ts';

/**
 * `npm run bench:idle` measures what many tenants cost that do nothing: the CPU time and the memory of an API process,
 * a worker and PostgreSQL, with an empty database, and with 10,000 tenants of 10 endpoints each.
 */
const tenants = 10_000;
const endpointsOfTenant = 10;
const settleMs = 30_000;
const measuredMs = 60_000;

const site = await Site.open({ workers: 1 });
try {
  const [settings] = await site.sql<{ dir: string }>(`select current_setting('data_directory') as dir`);
  const dataDir = settings?.dir ?? '';
  console.log('                              CPU, ms a second               resident memory');
  console.log('                              api   worker   PostgreSQL      api   worker');
  await measure('an empty database', dataDir);
  await site.sql(
    `with made as (
       insert into tenant (id, external_id, name)
       select gen_random_uuid(), 'idle-' || n, 'Idle ' || n from generate_series(1, ${tenants}) n returning id
     ), logs as (insert into owner_log (owner_id) select id from made)
     insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification)
     select made.id, gen_random_uuid(), 'TENANT', 'http://127.0.0.1:9/' || n, '{*}', true, 'VERIFIED'
       from made, generate_series(1, ${endpointsOfTenant}) n`,
  );
  await measure(`${tenants} tenants × ${endpointsOfTenant}`, dataDir);
  // As after a start: nothing remains of the time when the database was empty.
  for (const role of ['api', 'worker'] as const) await site.stop(site.one(role));
  await site.restore();
  await measure('the same after a restart', dataDir);
} finally {
  await site.close();
}

async function measure(name: string, dataDir: string): Promise<void> {
  await delay(settleMs);
  const api = site.one('api').pid;
  const worker = site.one('worker').pid;
  const cpu = () => [cpuMicrosOf(api), cpuMicrosOf(worker), postgresCpuMicros(dataDir)];
  const before = cpu();
  await delay(measuredMs);
  const used = cpu().map((micros, index) => micros - (before[index] ?? 0));
  const shown = used.map((micros) => (micros / measuredMs).toFixed(1).padStart(8)).join(' ');
  const memory = [api, worker]
    .map((pid) => `${Math.round(holds(pid).rssBytes / 1e6)} MB`.padStart(8))
    .join(' ');
  console.log(`${name.padEnd(26)}${shown}     ${memory}`);
}
