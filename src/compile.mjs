import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Whether the compiled file is there and ends with the hash of the rest. After a full disk or a power cut it might be
 * empty, and to import that would be a start that does nothing.
 */
export function isWhole(file) {
  try {
    const text = readFileSync(file, 'utf8');
    return text.endsWith(endOf(text.slice(0, -endOf('').length)));
  } catch {
    return false;
  }
}

/**
 * Compiles a module with all that it imports, apart from packages, into one file. Returns whether the file is there
 * now. Nobody reads half of it, even if several processes compile at once.
 */
export async function compile(entry, file) {
  const draft = `${file}.${process.pid}.mjs`;
  try {
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
      entryPoints: [entry],
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
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(draft, text + endOf(text));
    renameSync(draft, file);
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

function endOf(text) {
  return `\n// ${createHash('sha256').update(text).digest('hex')}\n`;
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
