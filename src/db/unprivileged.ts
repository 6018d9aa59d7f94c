import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { searchPath } from '../config.ts';

/** The user `nobody`. PostgreSQL refuses to run as root. */
const nobody = 65_534;
const namespace = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`];

/** How the programs of PostgreSQL are run. It is chosen once for the life of this process. */
export type Unprivileged = Readonly<{
  /**
   * Starts a program. All paths must be absolute. Its file descriptor 3 reads from a pipe that only this process holds
   * open.
   */
  run(command: string, args: readonly string[]): ChildProcess;
  /** Makes that user the owner of a folder or file of the data directory, with all its content. */
  own(path: string): void;
  /** For error messages: what to do if that user cannot reach the files. Empty if this cannot happen. */
  hint: string;
}>;

const optionsOf = (env: NodeJS.ProcessEnv): SpawnOptions => ({
  stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  env,
  // In its own process group, so that Ctrl-C in the terminal reaches only us; we stop the server last.
  detached: true,
  // Our own working directory may be one that this user cannot enter.
  cwd: '/',
});

/**
 * Chooses how to run PostgreSQL. If we are not root: as the same user. If we are root: in a user namespace in which we
 * are called nobody, so that it still reaches every file that we reach, also inside a folder of root. If the system
 * allows no namespaces, as in many containers: really as nobody, who then needs access to the data directory.
 */
export function unprivileged(): Unprivileged {
  // No other variables of ours: other processes of that user may read this environment.
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
      // That user may pass through the folder. Who may list its files stays as it is.
      const folder = dirname(path);
      chmodSync(folder, (statSync(folder).mode & 0o7777) | 0o001);
      give(path, nobody);
    },
    hint: ' Heliograph was started as root, so PostgreSQL runs as the user nobody, who cannot read the program or the data directory. Put both into folders that every user may enter, start as an ordinary user, or set DATABASE_URL.',
  };
}

function give(path: string, owner: number): void {
  const entry = statSync(path);
  if (entry.uid === owner) return;
  const inside = entry.isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of inside) lchownSync(join(path, name), owner, owner);
  // The folder itself last, so that its owner shows that everything inside is done.
  lchownSync(path, owner, owner);
}
