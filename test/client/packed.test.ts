import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser, visit } from '../support/browser.ts';
import { type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** The package as others get it: packed, and installed by npm into an empty folder. No registry is asked. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest: { dependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'src/client/package.json'), 'utf8'),
);

let folder: string;
let stage: Stage;
let caller: Caller;
let packed: string;

const execute = promisify(execFile);

/** With a cache of its own, so that nothing of an earlier install helps. */
const npm = () => ({ HOME: folder, npm_config_cache: join(folder, 'cache'), npm_config_loglevel: 'error' });

/** Ends with what was printed; where it failed, with what execFile throws. Not in step, for the receiver is here, too. */
async function run(
  command: string,
  options: readonly string[],
  more: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string[]> {
  const { stdout } = await execute(command, [...options], {
    cwd: more.cwd ?? folder,
    env: { PATH: process.env.PATH, ...npm(), ...more.env },
  });
  return stdout.trim().split('\n');
}

/** What a package needs, and what that needs, out of this checkout. */
function closure(names: readonly string[], found = new Set<string>()): Set<string> {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    const path = join(root, 'node_modules', name, 'package.json');
    closure(Object.keys(JSON.parse(readFileSync(path, 'utf8')).dependencies ?? {}), found);
  }
  return found;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-packed-'));
  stage = await openStage();
  const server = await stage.startServer();
  caller = await stage.callerOf(server);
  await registerEventType(caller, { name: 'thing.happened', example: {} });
  const receiver = await stage.startReceiver();
  await createEndpoint(caller, { url: receiver.url, events: ['thing.happened'] });

  [packed = ''] = await run('npm', ['run', '--silent', 'pack:client'], { cwd: root });
  const archives = join(folder, 'archives');
  mkdirSync(archives);
  const needed = [...closure(Object.keys(manifest.dependencies))].map((name) =>
    join(root, 'node_modules', name),
  );
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', archives, ...needed]);
  writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}');
  const files = readdirSync(archives).map((name) => join(archives, name));
  await run('npm', ['install', '--offline', '--omit=optional', '--no-audit', '--no-fund', packed, ...files]);
}, 120_000);
afterAll(async () => {
  await stage?.close();
  rmSync(folder, { recursive: true, force: true });
});

const publishOne = () => publish(caller, [{ type: 'thing.happened', payload: {} }]);
const follow = `
  const log = connect({ url, token }).log({ after: 0, select: ['status'] });
  const seen = [];
  for await (const { status } of log) {
    seen.push(status);
    if (status === 'SUCCEEDED') break;
  }`;

test('holds nothing of the server, and imports only what it declares', () => {
  const installed = join(folder, 'node_modules/heliograph');
  const names = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(names).toContain(join('dist', 'node.d.ts'));
  const imported = new Set<string>();
  for (const name of names.filter((path) => path.endsWith('.js'))) {
    const text = readFileSync(join(installed, name), 'utf8');
    for (const [, from = ''] of text.matchAll(/(?:from|import) '([^']+)'/g)) imported.add(from);
  }
  const foreign = [...imported].filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
  expect(foreign.sort()).toEqual(Object.keys(manifest.dependencies).sort());
});

test('runs on plain Node', async () => {
  await publishOne();
  const program = join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { connect, fileStore, HeliographError } from 'heliograph';
     const url = ${JSON.stringify(caller.origin)};
     const token = () => process.env.HELIOGRAPH_TOKEN;${follow}
     console.log(JSON.stringify({ seen, store: typeof fileStore('x').load, error: HeliographError.name }));`,
  );
  const env = { HELIOGRAPH_TOKEN: caller.token };
  const [line = ''] = await run(process.execPath, [program], { env });
  expect(JSON.parse(line)).toEqual({
    seen: expect.arrayContaining(['PENDING', 'SUCCEEDED']),
    store: 'function',
    error: 'HeliographError',
  });
});

test('brings the command', async () => {
  const command = join(folder, 'node_modules/.bin/heliograph');
  const env = { HELIOGRAPH_TOKEN: caller.token, HELIOGRAPH_URL: caller.origin };
  expect(await run(command, ['endpoints', '--json'], { env })).toHaveLength(1);
  expect(await run(command, ['--version'])).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  await expect(run(command, ['nothing'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('heliograph help'),
  });
});

test('is bundled for a browser with no polyfill, and follows the log there', async () => {
  await publishOne();
  writeFileSync(
    join(folder, 'page.js'),
    `import { connect } from 'heliograph';
    export async function page(url, token) {${follow}
      return seen;
    }`,
  );
  const { outputFiles, warnings, metafile } = await build({
    entryPoints: [join(folder, 'page.js')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'heliograph',
    absWorkingDir: folder,
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  expect(Object.keys(metafile.inputs).filter((path) => /node_modules\/(ws|commander)\//.test(path))).toEqual(
    [],
  );
  const browser = await startBrowser();
  try {
    const { page } = await visit(browser);
    await page.goto(caller.origin);
    const call = `page(${JSON.stringify(caller.origin)}, ${JSON.stringify(caller.token)})`;
    const seen = await page.evaluate(`${outputFiles[0]?.text}\nheliograph.${call}`);
    expect(seen).toEqual(expect.arrayContaining(['PENDING', 'SUCCEEDED']));
  } finally {
    await browser.close();
  }
});

test.each(['nodenext', 'bundler'])(
  'has types that hold under strict with moduleResolution %s',
  async (resolution) => {
    const target = join(folder, `types-${resolution}`);
    mkdirSync(target);
    writeFileSync(
      join(target, 'program.ts'),
      `import { connect, fileStore, type Change, type Log } from 'heliograph';
     import type { DocumentNode } from 'graphql';
     const heliograph = connect({ url: 'http://127.0.0.1', token: async () => 'x' });
     const usual: Log<Change> = heliograph.log({ after: 'oldest', filter: { status: ['FAILED'] } });
     for await (const change of heliograph.log({ select: ['status', 'deliveryId'] })) {
       const status: 'PENDING' | 'DELIVERING' | 'RETRYING' | 'SUCCEEDED' | 'FAILED' | 'DEAD_LETTER' = change.status;
       const position: number = change.position;
       // @ts-expect-error It was not selected.
       change.eventType;
       void [status, position];
     }
     type Typed<Result, Variables> = DocumentNode & { __apiType?: (variables: Variables) => Result };
     declare const document: Typed<{ logHead: number }, { appId: string }>;
     const { logHead } = await heliograph.query(document, { appId: 'app' });
     const head: number = logHead;
     // @ts-expect-error The variable is missing.
     await heliograph.query(document, {});
     declare const fragment: Typed<{ delivery: { id: string } }, never>;
     for await (const { delivery } of heliograph.log({ select: fragment })) void delivery.id.length;
     await heliograph.follow(async (change) => void change.responseStatus, { store: fileStore('x') });
     await heliograph.follow((changes) => void changes[0]?.status, { store: fileStore('x'), batch: 10 });
     // @ts-expect-error There is no such status.
     heliograph.log({ filter: { status: ['LOST'] } });
     export { head, usual };`,
    );
    writeFileSync(
      join(target, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'es2022',
          lib: ['es2022', 'dom'],
          module: resolution === 'bundler' ? 'preserve' : 'nodenext',
          moduleResolution: resolution,
          skipLibCheck: false,
          types: [],
        },
      }),
    );
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', target]);
  },
);
