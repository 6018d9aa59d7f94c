import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRooms } from './rooms.mjs';

// Checks what our linters do not: the README lists the real rooms, the environment is read in one place, nothing
// outside egress/ opens a socket with Node's own modules, no comment disables a check without a reason, no type
// assertion goes through unknown, and no file and no room is too long.
const problems = [];
/** A longer room has more than one subject. */
const maxRoomLines = 2_500;

const listed = readRooms();
const real = readdirSync('src')
  .map((name) => name.replace(/\.m?[jt]s$/, ''))
  .filter((name) => !['schema', 'app', 'index', 'start', 'compile', 'README.md'].includes(name));
for (const room of real.filter((name) => !listed.includes(name)))
  problems.push(`README lists no room ${room}`);
for (const room of listed.filter((name) => !real.includes(name)))
  problems.push(`README lists ${room}, which is not there`);

/** The names, apart from types, that may be imported from `node:net` and `node:http`: none of them opens connections. */
const passive = ['createServer', 'isIP', 'BlockList'];
const dials = /(?<![.\w])fetch\(|\bnew (?:WebSocket|EventSource)\(/;

for (const file of filesUnder('src')) {
  const text = readFileSync(file, 'utf8');
  const inBrowser = file.startsWith(join('src', 'console'));
  const readsEnvironment = /\bprocess\??\.(env\b|\[)|\bprocess\[|from '(node:)?process'/.test(text);
  // The client is a separate package, which runs on other machines.
  const isClient = file.startsWith(join('src', 'client'));
  if (readsEnvironment && file !== join('src', 'config.ts') && !isClient)
    problems.push(`${file} reads process.env`);
  if (
    !file.startsWith(join('src', 'egress')) &&
    !isClient &&
    !inBrowser &&
    (dials.test(text) || importsDialling(text))
  )
    problems.push(`${file} opens a socket outside egress/`);
  if (/@ts-(ignore|expect-error|nocheck)(?! \S)/.test(text))
    problems.push(`${file} silences the compiler without a reason`);
  if (/\bas unknown as\b/.test(text) && !/[\\/]generated[\\/]/.test(file))
    problems.push(`${file} silences a type: as unknown as`);
}
const linesOfRooms = new Map();
for (const file of [...filesUnder('src'), ...filesUnder('test')]) {
  if (/[\\/]generated[\\/]/.test(file)) continue;
  const lines = readFileSync(file, 'utf8').split('\n').length - 1;
  if (lines > 400) problems.push(`${file} has more than 400 lines`);
  // The console and the client are separate programs, in which each folder counts as a room.
  const room = dirname(file);
  if (file.startsWith('src')) linesOfRooms.set(room, (linesOfRooms.get(room) ?? 0) + lines);
}
for (const [room, lines] of linesOfRooms)
  if (lines > maxRoomLines) problems.push(`${room} has ${lines} lines, more than ${maxRoomLines}`);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${listed.length} rooms, as the README lists them`);

function filesUnder(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : /\.tsx?$/.test(path) ? [path] : [];
  });
}

function importsDialling(text) {
  return [...text.matchAll(/^import (?!type )([^;]*?) from '(?:node:)?(?:net|http)';/gm)].some(([, names]) =>
    names
      .replace(/[{}]/g, '')
      .split(',')
      .map((name) => name.trim())
      .some((name) => name !== '' && !name.startsWith('type ') && !passive.includes(name)),
  );
}
