import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compile, isWhole } from './compile.mjs';

/**
 * Starts the server from one compiled file. Loading more than five hundred modules of TypeScript one by one takes
 * about twice the time and memory. The file is compiled at the first start and kept beside the packages, by a hash of
 * everything that it is made of. Where it cannot be kept, such as on a read-only disk, the modules are loaded instead.
 */
const sources = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('../node_modules/.cache/heliograph/', import.meta.url));

const file = join(folder, `server-${hashOfSources()}.mjs`);
if (isWhole(file) || (await compile(join(sources, 'index.ts'), file))) {
  removeOthers();
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(file).href);
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import('./index.ts');
}

function hashOfSources() {
  const hash = createHash('sha256');
  const names = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') || name === 'compile.mjs',
  );
  for (const name of names.sort()) {
    const text = readFileSync(join(sources, name));
    hash.update(`${name}\0${text.length}\0`).update(text);
  }
  // The place is part of it, because the file names the sources by their addresses.
  return hash.update(sources).digest('hex').slice(0, 32);
}

/** What earlier sources were compiled to. */
function removeOthers() {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (name.startsWith('server-') && path !== file) rmSync(path, { force: true });
    }
  } catch {
    // They stay.
  }
}
