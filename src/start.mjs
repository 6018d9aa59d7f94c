import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Starts the server from one compiled file. Loading more than five hundred modules of TypeScript one by one takes
 * about twice the time and memory. The file is compiled at the first start and kept beside the packages, by a hash of
 * everything that it is made of. Where it cannot be kept, such as on a read-only disk, the modules are loaded instead.
 */
const sources = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('../node_modules/.cache/heliograph/', import.meta.url));

const file = join(folder, `server-${hashOfSources()}.mjs`);
if (isWhole(file) || (await compile(file))) {
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
    (name) => name.endsWith('.ts') || name === 'start.mjs',
  );
  for (const name of names.sort()) {
    const text = readFileSync(join(sources, name));
    hash.update(`${name}\0${text.length}\0`).update(text);
  }
  // The place is part of it, because the file names the sources by their addresses.
  return hash.update(sources).digest('hex').slice(0, 32);
}

/**
 * Whether the file is there and ends with the hash of the rest. After a full disk or a power cut it might be empty,
 * and to import that would be a start that does nothing.
 */
function isWhole(file) {
  try {
    const text = readFileSync(file, 'utf8');
    return text.endsWith(endOf(text.slice(0, -endOf('').length)));
  } catch {
    return false;
  }
}

function endOf(text) {
  return `\n// ${createHash('sha256').update(text).digest('hex')}\n`;
}

/** Whether the file is there now. Nobody reads half of it, even if several processes start at once. */
async function compile(file) {
  const draft = `${file}.${process.pid}.mjs`;
  try {
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
      entryPoints: [join(sources, 'index.ts')],
      outfile: draft,
      write: false,
      bundle: true,
      packages: 'external',
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
      plugins: [{ name: 'addresses', setup: keepAddresses }],
    });
    const { text } = outputFiles[0];
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, text + endOf(text));
    renameSync(draft, file);
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (name.startsWith('server-') && path !== file) rmSync(path, { force: true });
    }
    return true;
  } catch {
    try {
      rmSync(draft, { force: true });
    } catch {
      // It is not there, because nothing may be written.
    }
    // Another process that started at the same time has removed the draft, because it had finished the file.
    return isWhole(file);
  }
}

/** The sources find other files by their own address. */
function keepAddresses(build) {
  build.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
    loader: 'ts',
    contents: readFileSync(path, 'utf8').replaceAll(
      'import.meta.url',
      JSON.stringify(pathToFileURL(path).href),
    ),
  }));
}
