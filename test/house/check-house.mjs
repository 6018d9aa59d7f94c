import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readRooms } from './rooms.mjs';

// What no other linter of ours holds: the README's rooms are the real ones, `process.env` is read in one place, and
// no comment switches a check off without a reason.
const problems = [];

const listed = readRooms();
const real = readdirSync('src')
  .map((name) => name.replace(/\.ts$/, ''))
  .filter((name) => !['schema', 'app', 'index'].includes(name));
for (const room of real.filter((name) => !listed.includes(name)))
  problems.push(`README lists no room ${room}`);
for (const room of listed.filter((name) => !real.includes(name)))
  problems.push(`README lists ${room}, which is not there`);

for (const file of filesUnder('src')) {
  const text = readFileSync(file, 'utf8');
  if (/process\.env\b/.test(text) && file !== join('src', 'config.ts'))
    problems.push(`${file} reads process.env`);
  if (/@ts-(ignore|expect-error|nocheck)(?! \S)/.test(text))
    problems.push(`${file} silences the compiler without a reason`);
  if (text.split('\n').length > 401) problems.push(`${file} has more than 400 lines`);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${listed.length} rooms, as the README lists them`);

function filesUnder(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : path.endsWith('.ts') ? [path] : [];
  });
}
