import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import type { ConsoleBundle } from './build-console.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** All that a bundle is made of; the packages' exact versions stand in the lock file. */
const inputs = ['src/console', 'src/client', 'src/bundle', 'package-lock.json', 'tsconfig.json'];
const ending = '.bundle';
const mostKept = 4;

/**
 * Bundles of earlier starts, in the data directory, by the hash of everything that they are made of: what is found is
 * what would be built. It only saves time, so that a folder that cannot be read or written is no error.
 */
export class BundleCache {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'console');
  }

  /** The bundle and the name to keep a new one under. */
  async find(options: object): Promise<{ name: string | undefined; bundle: ConsoleBundle | undefined }> {
    const name = await nameOf(options).catch(() => undefined);
    if (name === undefined) return { name, bundle: undefined };
    // A file that cannot be read, or was damaged, counts as none.
    const bundle = await readFile(join(this.#folder, name))
      .then(deserialize)
      .catch(() => undefined);
    return { name, bundle };
  }

  async keep(name: string, bundle: ConsoleBundle): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      // Nobody reads half of it.
      const draft = join(this.#folder, `${name}.${process.pid}`);
      await writeFile(draft, serialize(bundle), { mode: 0o600 });
      await rename(draft, join(this.#folder, name));
      await this.#removeOld();
    } catch {
      // It is built anew next time.
    }
  }

  async #removeOld(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ending));
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#folder, name))).mtimeMs })),
    );
    const old = dated.sort((a, b) => b.at - a.at).slice(mostKept);
    await Promise.all(old.map(({ name }) => rm(join(this.#folder, name), { force: true })));
  }
}

async function nameOf(options: object): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([options, process.version]));
  for (const input of inputs) {
    const path = join(root, input);
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    const contents = await Promise.all(names.map((name) => readFile(name)));
    names.forEach((name, index) => {
      const content = contents[index] ?? '';
      hash.update(`${name.slice(root.length)}\0${content.length}\0`).update(content);
    });
  }
  return `${hash.digest('hex').slice(0, 32)}${ending}`;
}
