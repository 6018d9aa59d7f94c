import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { play } from '../faults/fault.ts';
import { Site } from '../faults/site.ts';
import { Cluster, stopNode } from './cluster.ts';

/**
 * The first `npm run migrate` on a cluster breaks off while it distributes the tables: first the coordinator is killed,
 * then a node. Run once more, it completes what is missing, and the processes work.
 */
const empty = mkdtempSync(join(tmpdir(), 'heliograph-no-migrations-'));
const cluster = await Cluster.open({ migrations: empty });
rmdirSync(empty);
const problems: string[] = [];
await breakOff('the coordinator', 4, () => cluster.stop('immediate'));
await breakOff('a node', 10, async () => {
  const [node] = cluster.workers;
  if (node !== undefined) await stopNode(node, 'immediate');
});
await migrate(cluster.url);
const left = await ask<{ name: string }>(
  `select c.relname as name from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'owner_id')
      and not exists (select from pg_dist_partition p join pg_dist_partition f on f.colocationid = p.colocationid
                       where p.logicalrelid = c.oid and f.logicalrelid = 'owner_log'::regclass)`,
);
if (left.length > 0) problems.push(`not distributed: ${left.map(({ name }) => name).join(', ')}`);

const site = await Site.open({ server: cluster });
try {
  const result = await play(site, { name: 'afterwards', mayDuplicate: false, act: () => delay(1_000) });
  problems.push(...result.problems);
  for (const problem of problems) console.log(`  ${problem}`);
  console.log(
    `the first distribution broken off twice: then ${result.events} events, ${result.lost} lost, ${problems.length} problems`,
  );
} finally {
  await site.close();
}
process.exit(problems.length === 0 ? 0 : 1);

async function breakOff(who: string, tables: number, kill: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/commands/migrate.ts'], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, DATABASE_URL: cluster.url },
  });
  const ended = once(child, 'close');
  while (child.exitCode === null && (await distributed()) < tables) await delay(20);
  await kill();
  const [code]: (number | null)[] = await ended;
  if (code === 0) problems.push(`the migration ended before ${who} was killed: nothing was proven`);
  await cluster.start();
}

async function distributed(): Promise<number> {
  const [row] = await ask<{ n: number }>('select count(*)::integer as n from pg_dist_partition');
  return row?.n ?? 0;
}

async function ask<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
