import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { searchPath } from '../config.ts';

/** PostgreSQL refuses to run as root, so it runs as somebody who may do nothing. */
const nobody = 65_534;
const namespace = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`];

/** How its programs are run: of one way for the life of this process. */
export type Unprivileged = Readonly<{
  /** With absolute paths. */
  run(command: string, args: readonly string[]): ChildProcess;
  /** Gives it a folder or file of the data directory, with all that is in it. */
  own(path: string): void;
  /** What to do where it may not reach its files; empty where that cannot be. */
  hint: string;
}>;

const optionsOf = (env: NodeJS.ProcessEnv): SpawnOptions => ({
  stdio: ['ignore', 'pipe', 'pipe'],
  env,
  // A group of its own: a Ctrl-C in the terminal reaches us alone, and we stop the server last.
  detached: true,
  // Ours may be one that it cannot enter.
  cwd: '/',
});

/**
 * As we are, where we are not root. As root in a user namespace in which we are nobody: it reaches whatever we reach,
 * below a folder of root's too. Where the system allows no namespaces (a container often does not) really as nobody,
 * who then needs a way to the data directory.
 */
export function unprivileged(): Unprivileged {
  // Nothing else of ours: whoever it runs as may read its environment.
  const env = { PATH: searchPath(), LC_ALL: 'C', TZ: 'UTC' };
  const options = optionsOf(env);
  if (process.getuid?.() !== 0) {
    return { run: (command, args) => spawn(command, args, options), own: () => undefined, hint: '' };
  }
  if (spawnSync('unshare', [...namespace, 'true'], { env }).status === 0) {
    return {
      run: (command, args) => spawn('unshare', [...namespace, command, ...args], options),
      own: (path) => give(path, 0),
      hint: '',
    };
  }
  return {
    run: (command, args) => spawn(command, args, { ...options, uid: nobody, gid: nobody }),
    own(path) {
      // It may pass through. Who may list the folder stays as it is.
      const folder = dirname(path);
      chmodSync(folder, (statSync(folder).mode & 0o7777) | 0o001);
      give(path, nobody);
    },
    hint: ' As root it is run as nobody, who cannot reach the program or the data directory: put both where everybody may pass, start as an ordinary user, or set DATABASE_URL.',
  };
}

function give(path: string, owner: number): void {
  const entry = statSync(path);
  if (entry.uid === owner) return;
  const inside = entry.isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of inside) lchownSync(join(path, name), owner, owner);
  // Last: until then it is not done.
  lchownSync(path, owner, owner);
}
