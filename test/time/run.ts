import './clock.mjs';
import { parseArgs } from 'node:util';
import { citusUrl } from '../support/citus.ts';
import { MovedSite } from './moved-site.ts';
import { restore } from './on-backups.ts';
import { asleep, type Drill, nobodyRan, passing } from './on-clocks.ts';
import { changeKeys } from './on-keys.ts';
import { fortyDays } from './on-retention.ts';

/**
 * `npm run test:time` moves the clocks of the program and of PostgreSQL, under load, and asks the same oracles as the
 * faults do. `--only "midnight,slept"` runs the drills whose names contain one of the words. On the Citus cluster that
 * CITUS_URL names if it is set; there the restore is left out, because the backup of one server is no backup of a cluster.
 */
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });

// In the order of time: clocks only go forward.
const drills: readonly Drill[] = [
  passing('midnight of a month’s end', '2027-01-31T24:00:00Z', 'Pacific/Auckland'),
  passing('the host’s own midnight', '2027-02-09T18:30:00Z', 'Asia/Kolkata'),
  passing('an hour is left out', '2027-03-28T01:00:00Z', 'Europe/Berlin'),
  nobodyRan,
  asleep,
  passing('an hour comes twice', '2027-10-31T01:00:00Z', 'Europe/Berlin'),
];
const isChosen = (name: string) => values.only.split(',').some((word) => name.includes(word));
const chosen = drills.filter(({ name }) => isChosen(name));

const failed: string[] = [];
let ran = chosen.length;
const report = (name: string, problems: readonly string[]) => {
  ran += 1;
  console.log(`${name}: ${problems.length} problems`);
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) failed.push(name);
};
const alone = {
  ...(citusUrl === undefined ? { 'a restore to an earlier moment': restore } : {}),
  'SECRETS_KEYS changed under load': changeKeys,
};
for (const [name, run] of Object.entries(alone)) if (isChosen(name)) report(name, await run());

const moved = await MovedSite.open();
try {
  for (const drill of chosen) {
    const result = await drill.run(moved);
    const { events, lost, duplicates, seconds, problems } = result;
    console.log(
      `${drill.name.padEnd(36)} ${events} events, ${lost} lost, ${duplicates} sent twice, ${seconds.toFixed(0)} s`,
    );
    for (const problem of problems) console.log(`  ${problem}`);
    if (problems.length > 0) failed.push(drill.name);
  }
  const name = 'forty days later';
  if (isChosen(name)) report(name, await fortyDays(moved));
} finally {
  await moved.site.close();
}
console.log(`${ran} drills of time, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
