import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * `npm run test:citus` runs the journeys, the property test of the log and faults on the Citus cluster whose coordinator
 * CITUS_URL names. Files given as arguments are run instead of the journeys; `--faults` runs the faults alone.
 *
 * The user has to be a superuser, of the same name and password on all nodes, because each test makes a database of its
 * own. The faults kill and start nodes, so they need a cluster on this machine, and root or its user.
 */
const given = process.argv.slice(2);
const onlyFaults = given.includes('--faults');
/** These are about the database that comes with Heliograph. */
const embedded = ['first-start', 'killed-first-start', 'compiled-start', 'ended-start', 'database-away'];
const files =
  given.length > 0
    ? given
    : [
        'test/journeys',
        'test/live/log-is-complete.test.ts',
        ...embedded.flatMap((name) => ['--exclude', `test/journeys/${name}.test.ts`]),
      ];

if ((process.env.CITUS_URL ?? '') === '') {
  console.error(
    'CITUS_URL is not set, so nothing was tested. Set it to the URL of a coordinator, for example postgresql://postgres@127.0.0.1:5432/postgres.',
  );
  process.exit(1);
}

// The tables of a database are distributed first, which takes seconds.
const times = ['--testTimeout', '180000', '--hookTimeout', '180000', '--maxWorkers', '2'];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', ...times];
const passed = onlyFaults || (await run([...vitest, ...files]));
const withstood =
  (given.length > 0 && !onlyFaults) || (await run(['--import', 'tsx', 'test/citus/faults.ts']));
process.exit(passed && withstood ? 0 : 1);

async function run(args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const [code]: (number | null)[] = await once(child, 'exit');
  return code === 0;
}
