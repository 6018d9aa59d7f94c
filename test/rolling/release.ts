import { execFileSync, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Another release, in a folder of its own. */
export type Release = Readonly<{ commit: string; folder: string; migrations: number; remove(): void }>;

/** The commit before the newest one that brought a migration: from there to here the database changes. */
export function lastBoundary(): string {
  const newest = git('log', '-1', '--format=%H', '--', 'migrations');
  if (newest === '') throw new Error('No commit brings a migration. Name a commit as the argument.');
  return `${newest}^`;
}

/** Checks the commit out into a folder, with this release's packages if it asks for the same, otherwise with its own. */
export function checkOut(ref: string): Release {
  const commit = git('rev-parse', '--verify', `${ref}^{commit}`);
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-release-'));
  const archive = join(folder, 'release.tar');
  git('archive', '--format=tar', '-o', archive, commit);
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  rmSync(archive);
  const dependencies = (of: string) => {
    const manifest = JSON.parse(readFileSync(join(of, 'package.json'), 'utf8'));
    return JSON.stringify([manifest.dependencies, manifest.optionalDependencies]);
  };
  if (dependencies(folder) === dependencies(root)) {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  } else {
    execFileSync('npm', ['ci', '--omit=dev'], { cwd: folder, stdio: 'inherit' });
  }
  const migrations = git('ls-tree', '--name-only', `${commit}:migrations`).split('\n').length;
  return { commit, folder, migrations, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function git(...command: string[]): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  return execFileSync('git', command, { cwd: root, encoding: 'utf8', stdio }).trim();
}
