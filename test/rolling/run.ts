import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cluster } from '../citus/cluster.ts';
import { type Fault, play, type Scene } from '../faults/fault.ts';
import { type Role, Site, within } from '../faults/site.ts';
import { checkOut, lastBoundary, type Release } from './release.ts';
import { LogWatch } from './watch-log.ts';

/**
 * `npm run test:rolling` drills an upgrade: an older release under load, the migration beside it, old and new
 * processes side by side, the new release alone, back to the old one, and forward again. The older release is the commit that
 * is given as the argument, by default the one before the newest migration. Nothing may be lost, sent twice, refused or left
 * unanswered, the log has no gap, and a reader of each tenant's log gets every change. On the Citus cluster that CITUS_URL
 * names if it is set.
 */
const { positionals } = parseArgs({ allowPositionals: true });
const old = take(positionals[0]);
process.once('exit', old.remove);
console.log(`old release: ${old.commit.slice(0, 10)}, with ${old.migrations} migrations`);

const eventsOfStep = 60;
const stepWithinMs = 60_000;
const upgradeWithinMs = 600_000;
const workers = 2;

const given = await Cluster.openIfGiven({ migrations: join(old.folder, 'migrations') });
const site = await Site.open({ workers, release: old.folder, ...given }).catch((error: Error) => {
  console.error(`The old release does not start. ${error.message}`);
  process.exit(1);
});
let failed = true;
try {
  const watches: LogWatch[] = [];
  const drill: Fault = {
    name: 'upgrade',
    mayDuplicate: false,
    withinMs: upgradeWithinMs,
    act: (scene) => act(scene, watches),
  };
  const result = await play(site, drill);
  const problems = [...result.problems];
  for (const watch of watches) {
    const [log] = await site.sql<{ head: number }>(
      `select head::integer from owner_log l join tenant t on t.id = l.owner_id where t.external_id = $1`,
      [watch.tenant.name],
    );
    const head = log?.head ?? 0;
    if (!(await watch.readTo(head))) problems.push(`a reader stopped at ${watch.position} of ${head}`);
    problems.push(...watch.problems);
    console.log(
      `log of ${watch.tenant.name}: ${watch.position} of ${head} changes read, over ${watch.connections} connections`,
    );
  }
  for (const problem of problems) console.log(`  ${problem}`);
  console.log(
    `${result.events} events, ${result.lost} lost, ${result.duplicates} sent twice, ${result.fenced} fenced, ${problems.length} problems, ${Math.round(result.seconds)} s`,
  );
  failed = problems.length > 0;
} finally {
  await site.close();
}
process.exit(failed ? 1 : 0);

function take(ref: string | undefined): Release {
  try {
    return checkOut(ref ?? lastBoundary());
  } catch (error) {
    console.error(
      `The old release cannot be checked out: ${error instanceof Error ? error.message.trim() : String(error)}`,
    );
    process.exit(1);
  }
}

async function act(scene: Scene, watches: LogWatch[]): Promise<void> {
  const { traffic, blame } = scene;
  for (const tenant of traffic.tenants) watches.push(new LogWatch(site, tenant));
  const step = async (name: string) => {
    const before = traffic.acknowledged.length;
    const went = await within(stepWithinMs, () => traffic.acknowledged.length >= before + eventsOfStep);
    if (!went) blame(`${name}: publishing did not go on`);
    console.log(`${name.padEnd(44)} ${traffic.acknowledged.length} events so far`);
  };
  await step('the old release');
  console.log(migrate().trim().replaceAll(/^/gm, '  '));
  await step('the old release over the migrated database');
  await roll(scene, { to: undefined, sideBySide: () => step('old and new side by side') });
  await step('the new release');
  await roll(scene, { to: old.folder, sideBySide: () => step('new and old side by side') });
  await step('back to the old release');
  await roll(scene, { to: undefined, sideBySide: () => step('old and new side by side, again') });
  await step('the new release, again');
  const { sent, repeated } = traffic.calls;
  console.log(`${sent} calls of publishEvents, ${repeated} of them without a result`);
  if (repeated > 0) blame(`${repeated} calls had to be repeated`);
}

/** Replaces every process by one of the other release, one after the other, as the guide says: workers first. */
async function roll(
  { blame }: Scene,
  { to, sideBySide }: { to: string | undefined; sideBySide: () => Promise<void> },
): Promise<void> {
  site.release = to;
  const before: Role[] = ['worker', 'worker', 'api'];
  const leaving = before.map((role, index) => ({ role, server: site.running(role)[index % workers] }));
  for (const [index, { role, server }] of leaving.entries()) {
    if (server === undefined) continue;
    await site.start(role);
    if (index === 1) await sideBySide();
    const code = await site.stop(server);
    if (code !== 0) blame(`a ${role} ended with ${code} after SIGTERM`);
  }
}

function migrate(): string {
  return execFileSync(process.execPath, ['--import', 'tsx', 'src/commands/migrate.ts'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, DATABASE_URL: site.postgres.url },
  });
}
