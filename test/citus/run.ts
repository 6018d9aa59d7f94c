import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterVersion, nodesOf } from '../support/citus.ts';

/**
 * `npm run test:citus` runs the journeys, the property test of the log, the tests of the periodic jobs, the faults, the
 * first distribution and the drills of retention on the Citus cluster whose coordinator CITUS_URL names, and says on its
 * last lines what passed. Files given as arguments are run instead; `--faults`, `--distribution` and `--time` run these
 * alone. With HELIOGRAPH_TEST_PGBOUNCER, the path of that program, everything goes through it.
 *
 * The user has to be a superuser, of the same name and password on all nodes, because each test makes a database of its
 * own. The faults kill and start nodes, so they need a cluster on this machine, and root or its user.
 */
const files = ['test/journeys', 'test/live/log-is-complete.test.ts', 'test/jobs'];
/** What cannot run on a cluster, and why. */
const leftOut = {
  'test/journeys/first-start.test.ts': 'starts the database that comes with Heliograph',
  'test/journeys/killed-first-start.test.ts': 'starts the database that comes with Heliograph',
  'test/journeys/ended-start.test.ts': 'starts the database that comes with Heliograph',
  'test/journeys/compiled-start.test.ts': 'is about the compiled program, and starts its own database',
  'test/journeys/database-away.test.ts': 'stops a database of its own; the faults stop each node instead',
};
/** Those about partitions and keys. */
const drillsOfTime = 'month,nobody ran,slept,forty days,SECRETS_KEYS';
// The tables of a database are distributed first, which takes seconds.
const times = ['--testTimeout', '300000', '--maxWorkers', '2'];

const url = process.env.CITUS_URL ?? '';
if (url === '') {
  console.error(
    'CITUS_URL is not set, so nothing was tested. Set it to the URL of a coordinator, for example postgresql://postgres@127.0.0.1:5432/postgres.',
  );
  process.exit(1);
}
const given = process.argv.slice(2);
const only = given.find((argument) => argument.startsWith('--'));
const steps: readonly { flag?: string; run(): Promise<Outcome> }[] = [
  { run: () => runTests(given.length > 0 ? given : files) },
  { flag: '--faults', run: () => runDrill('faults', 'test/citus/faults.ts') },
  { flag: '--distribution', run: () => runDrill('distribution', 'test/citus/distribution.ts') },
  { flag: '--time', run: () => runDrill('time', 'test/time/run.ts', '--only', drillsOfTime) },
];
const chosen =
  only !== undefined
    ? steps.filter(({ flag }) => flag === only)
    : given.length > 0
      ? steps.filter(({ flag }) => flag === undefined)
      : steps;

const outcomes: Outcome[] = [];
for (const { run } of chosen) outcomes.push(await run());

const nodes = (await nodesOf(new URL(url))).length - 1;
console.log(`\n${await clusterVersion(new URL(url))}, a coordinator and ${nodes} nodes:`);
for (const { passed, said } of outcomes) console.log(`  ${passed ? 'passed' : 'FAILED'}: ${said}`);
if (given.length === 0)
  for (const [file, reason] of Object.entries(leftOut)) console.log(`  left out: ${file} ${reason}`);
const failed = outcomes.filter(({ passed }) => !passed).length;
console.log(
  failed === 0 && outcomes.length > 0
    ? 'test:citus passed'
    : `test:citus FAILED, ${failed} of ${outcomes.length}`,
);
process.exit(failed === 0 && outcomes.length > 0 ? 0 : 1);

type Outcome = Readonly<{ passed: boolean; said: string }>;

async function runTests(chosenFiles: readonly string[]): Promise<Outcome> {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-citus-'));
  const report = join(dir, 'report.json');
  process.env.HELIOGRAPH_TEST_LEFT_OUT = Object.keys(leftOut).join();
  const reporters = ['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${report}`];
  const { passed, seconds } = await run([
    ...['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', ...times],
    ...[...reporters, ...chosenFiles],
  ]);
  try {
    const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    const broken = testResults
      .filter(({ status }: { status: string }) => status !== 'passed')
      .map(({ name }: { name: string }) => name.slice(name.indexOf('test/')));
    return {
      passed,
      said: `${testResults.length} files, ${numPassedTests} tests passed, ${numFailedTests} failed, ${seconds} s ${broken.join(' ')}`.trimEnd(),
    };
  } catch {
    return { passed: false, said: `the tests made no report, ${seconds} s` };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function runDrill(name: string, script: string, ...options: string[]): Promise<Outcome> {
  const { passed, seconds, last } = await run(['--import', 'tsx', script, ...options]);
  return { passed, said: `${name}: ${last}, ${seconds} s` };
}

/** Runs it with its output shown, and remembers its last line. */
async function run(args: readonly string[]): Promise<{ passed: boolean; seconds: number; last: string }> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let end = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    end = (end + text).slice(-1_000);
  });
  const [code]: (number | null)[] = await once(child, 'close');
  const last = end.trimEnd().split('\n').at(-1) ?? '';
  return { passed: code === 0, seconds: Math.round((performance.now() - began) / 1_000), last };
}
