import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import type pg from 'pg';

const shownStatements = 12;
const shownModules = 12;

/** What the engine's work was made of: time by module, statements, and what PostgreSQL wrote. */
export async function profiled(
  pool: { engine: pg.Pool; api: pg.Pool },
  deliveries: number,
  act: () => Promise<void>,
): Promise<void> {
  const statements = countStatements(pool.engine);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 250 });
  const before = await writtenBytes(pool.api);
  await session.post('Profiler.start');
  await act();
  const { profile } = await session.post('Profiler.stop');
  const wal = (await writtenBytes(pool.api)) - before;
  console.log('\nthis process, by module, share of the time that it was busy');
  for (const [module, share] of byModule(profile).slice(0, shownModules))
    console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${module}`);
  console.log('\nstatements on the engine’s connections');
  const counted = [...statements].sort(([, a], [, b]) => b.calls - a.calls).slice(0, shownStatements);
  for (const [name, { calls, rows }] of counted)
    console.log(
      `  ${name.padEnd(28)} ${String(calls).padStart(6)} calls   ${(deliveries / calls).toFixed(1)} deliveries each   ${rows} rows`,
    );
  const { rows } = await pool.api.query<{ updates: number; hot: number }>(
    `select sum(n_tup_upd)::integer as updates, sum(n_tup_hot_upd)::integer as hot
       from pg_stat_user_tables join pg_inherits on inhrelid = relid and inhparent = 'delivery'::regclass`,
  );
  const [updated] = rows;
  console.log(`\nWAL ${Math.round(wal / deliveries)} bytes a delivery`);
  if (updated !== undefined)
    console.log(`HOT updates of delivery ${((updated.hot / updated.updates) * 100).toFixed(0)} %\n`);
}

async function writtenBytes(api: pg.Pool): Promise<number> {
  const { rows } = await api.query<{ bytes: string }>('select wal_bytes::text as bytes from pg_stat_wal');
  return Number(rows[0]?.bytes);
}

function countStatements(engine: pg.Pool): ReadonlyMap<string, { calls: number; rows: number }> {
  const statements = new Map<string, { calls: number; rows: number }>();
  const query = engine.query.bind(engine) as (...of: unknown[]) => Promise<pg.QueryResult>;
  const counted = async (...of: unknown[]) => {
    const result = await query(...of);
    const name = nameOf(of[0]);
    if (name === undefined) return result;
    const known = statements.get(name) ?? { calls: 0, rows: 0 };
    statements.set(name, known);
    known.calls += 1;
    known.rows += result.rows.length;
    return result;
  };
  Object.assign(engine, { query: counted });
  return statements;
}

const nameOf = (config: unknown): string | undefined =>
  typeof config === 'object' && config !== null && 'name' in config && typeof config.name === 'string'
    ? config.name
    : undefined;

/** The self time of each module, without the time in which nothing ran. */
function byModule({
  nodes,
  samples = [],
  timeDeltas = [],
}: Profiler.Profile): [module: string, share: number][] {
  const moduleOf = new Map(nodes.map(({ id, callFrame }) => [id, nameOfModule(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const module = moduleOf.get(id) ?? '';
    const time = timeDeltas[index] ?? 0;
    if (module === '(idle)') continue;
    busy += time;
    times.set(module, (times.get(module) ?? 0) + time);
  }
  return [...times]
    .map(([module, time]): [string, number] => [module, time / busy])
    .sort((a, b) => b[1] - a[1]);
}

function nameOfModule({ url, functionName }: { url: string; functionName: string }): string {
  const found = /node_modules\/((?:@[^/]+\/)?(?!\.cache)[^/]+)\//.exec(url)?.[1];
  if (found !== undefined) return found;
  if (url.startsWith('node:')) return `node:${url.slice(5).split('/').slice(0, 2).join('/')}`;
  return url === '' ? functionName || '(native)' : 'our own code';
}
