import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `npm run pack:client`: compiles `src/client/` and packs it like npm into
 * `.heliograph/pack/heliograph-<version>.tgz`. Prints the path.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const target = join(root, '.heliograph', 'pack');
const staged = join(target, 'package');

rmSync(staged, { recursive: true, force: true });
mkdirSync(staged, { recursive: true });
run(process.execPath, [
  join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  ...['-p', join(root, 'src', 'client')],
]);
cpSync(join(root, 'src', 'client', 'package.json'), join(staged, 'package.json'));
cpSync(join(root, 'src', 'client', 'README.md'), join(staged, 'README.md'));
cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', target], staged);
const { version }: { version: string } = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8'));
rmSync(staged, { recursive: true });
console.log(join(target, `heliograph-${version}.tgz`));

function run(command: string, options: readonly string[], cwd = root): void {
  const { status, stdout, stderr, error } = spawnSync(command, [...options], { cwd, encoding: 'utf8' });
  if (status === 0) return;
  console.error(error === undefined ? `${stdout}${stderr}` : `${command}: ${error.message}`);
  process.exit(1);
}
