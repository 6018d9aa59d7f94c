import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Metafile } from 'esbuild';

/** A file of the console as it is sent. Its name depends on its content, so a file with this name never changes. */
export type Asset = Readonly<{
  contentType: string;
  plain: Uint8Array;
  /** Undefined where it is sent as it is. */
  brotli: Uint8Array | undefined;
  gzip: Uint8Array | undefined;
}>;

export type ConsoleBundle = Readonly<{
  assets: ReadonlyMap<string, Asset>;
  /** The names of the files that the page loads first. */
  script: string;
  style: string | undefined;
  /** Files that the first script imports in any case. The page requests them at once. */
  preloads: readonly string[];
  /** The files of each view, by its name: those of `endpoints` for `endpoints-view.tsx`, of `endpoint-new` for its own. */
  views: Readonly<Record<string, readonly string[]>>;
}>;

const root = fileURLToPath(new URL('../../', import.meta.url));
const entryPoint = 'src/console/main.tsx';
const contentTypes: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  map: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * Bundles the console in memory, so there is no build step and nothing is written to disk. esbuild runs as a separate
 * process, so that the event loop continues. The library is loaded here and not with the server, whose start must not
 * wait for it.
 */
export async function buildConsole(options: { production: boolean }): Promise<ConsoleBundle> {
  const esbuild = await import('esbuild');
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { console: entryPoint },
    outdir: 'console-assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    minify: true,
    sourcemap: options.production ? false : 'linked',
    legalComments: 'none',
    logLevel: 'silent',
    tsconfig: 'src/console/tsconfig.json',
    // React reads this name, which browsers do not have.
    define: { [['process', 'env', 'NODE_ENV'].join('.')]: '"production"' },
  });
  await esbuild.stop();

  const assets = new Map<string, Asset>();
  await Promise.all(
    result.outputFiles.map(async ({ path, contents }) => {
      assets.set(baseName(path), await compressed(baseName(path), contents));
    }),
  );
  const entry = Object.entries(result.metafile.outputs).find(
    ([, output]) => output.entryPoint === entryPoint,
  );
  if (entry === undefined) throw new Error('The bundle of the console has no entry.');
  const [path, output] = entry;
  const { outputs } = result.metafile;
  const first = importedBy(outputs, path);
  const views: Record<string, readonly string[]> = {};
  for (const [viewPath, { entryPoint: source }] of Object.entries(outputs)) {
    const name = /\/([a-z-]+?)(-view)?\.tsx$/.exec(source ?? '')?.[1];
    if (name === undefined) continue;
    const files = [viewPath, ...importedBy(outputs, viewPath)].filter((file) => !first.has(file));
    views[name] = files.map(baseName);
  }
  return {
    assets,
    script: baseName(path),
    style: output.cssBundle === undefined ? undefined : baseName(output.cssBundle),
    preloads: [...first].map(baseName),
    views,
  };
}

/** The files that a file imports in any case, and those that these import. */
function importedBy(outputs: Metafile['outputs'], path: string, found = new Set<string>()): Set<string> {
  for (const { path: imported, kind, external } of outputs[path]?.imports ?? []) {
    if (kind !== 'import-statement' || external === true || found.has(imported)) continue;
    found.add(imported);
    importedBy(outputs, imported, found);
  }
  return found;
}

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);

async function compressed(name: string, plain: Uint8Array): Promise<Asset> {
  const type = contentTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  // Source maps are for whoever looks, on this machine mostly: no start waits for their compression.
  if (name.endsWith('.map')) return { contentType: type, plain, brotli: undefined, gzip: undefined };
  const [small, zipped] = await Promise.all([
    brotli(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
    gzipped(plain),
  ]);
  return { contentType: type, plain, brotli: small, gzip: zipped };
}
