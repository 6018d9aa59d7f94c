import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * `npm run test:pgbouncer` runs the journeys and the short faults with a pgbouncer in transaction mode before the
 * database, which is a Citus cluster where CITUS_URL names its coordinator. Files given as arguments are run instead.
 */
const given = process.argv.slice(2);
/** While the database is away, pgbouncer decides for how long callers wait. */
const leftOut = 'test/journeys/database-away.test.ts';
const files = given.length > 0 ? given : ['test/journeys', 'test/faults/short.test.ts'];
const program = find('pgbouncer');
if (program === undefined) {
  console.error(
    'The program pgbouncer was not found in PATH or /usr/sbin, so nothing was tested: install it, on Debian by `apt-get install pgbouncer`.',
  );
  process.exit(1);
}
// Statements that are not prepared take longer.
const times = ['--testTimeout', '180000'];
const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'test/vitest.config.ts',
  ...times,
  ...files,
];
const child = spawn(process.execPath, vitest, {
  stdio: 'inherit',
  env: { ...process.env, HELIOGRAPH_TEST_PGBOUNCER: program, HELIOGRAPH_TEST_LEFT_OUT: leftOut },
});
child.once('exit', (code) => process.exit(code ?? 1));

/** Debian installs it where only root's PATH leads. */
function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
