import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compile } from '../../src/compile.mjs';

// Runs a benchmark from one compiled file, as `npm start` runs the server: `compiled.mjs engine [ARGUMENTS]`.
const [name] = process.argv.splice(2, 1);
const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
const file = resolve('node_modules/.cache/heliograph', `bench-${name}.mjs`);
if (!(await compile(entry, file))) throw new Error(`${file} cannot be written.`);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(file).href);
