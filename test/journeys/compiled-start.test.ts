import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/**
 * The program in a folder of its own, whose packages are those of this checkout. It is asked to start with a setting
 * that it refuses, which shows that all of its code was loaded.
 */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-compiled-'));
  for (const name of ['src', 'schema', 'migrations', 'package.json', 'tsconfig.json'])
    cpSync(name, join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync('node_modules')) {
    if (name !== '.cache') symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cache = () => join(folder, 'node_modules', '.cache');
const compiled = () => readdirSync(join(cache(), 'heliograph'));

async function refusedStart(): Promise<string> {
  const child = spawn(process.execPath, ['src/start.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: 'nonsense' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  await once(child, 'close');
  return output;
}

test('where nothing can be kept the program starts all the same', async () => {
  writeFileSync(cache(), 'This is no folder.');
  expect(await refusedStart()).toMatch(/PORT/);
  rmSync(cache());
});

test('it is compiled once, and again when a source has changed; what is old is removed', async () => {
  expect(existsSync(cache())).toBe(false);
  // Two that start at once each find a whole file.
  for (const output of await Promise.all([refusedStart(), refusedStart()])) expect(output).toMatch(/PORT/);
  const [first, ...others] = compiled();
  expect(others).toEqual([]);
  expect(await refusedStart()).toMatch(/PORT/);
  expect(compiled()).toEqual([first]);
  // What a full disk or a power cut leaves behind is not taken for the program.
  const file = join(cache(), 'heliograph', first ?? '');
  const whole = readFileSync(file, 'utf8');
  for (const damaged of ['', whole.slice(0, 100_000)]) {
    writeFileSync(file, damaged);
    expect(await refusedStart()).toMatch(/PORT/);
    expect(readFileSync(file, 'utf8') === whole).toBe(true);
  }
  writeFileSync(join(folder, 'src', 'app.ts'), '\n// Changed.\n', { flag: 'a' });
  expect(await refusedStart()).toMatch(/PORT/);
  expect(compiled()).toHaveLength(1);
  expect(compiled()).not.toEqual([first]);
});
