import { readFileSync } from 'node:fs';

/**
 * The rooms in reading order, as src/README.md lists them between its two marks. The list serves readers and the
 * linter.
 */
export function readRooms() {
  const text = readFileSync(new URL('../../src/README.md', import.meta.url), 'utf8');
  const section = /<!-- rooms -->([\s\S]*?)<!-- \/rooms -->/.exec(text)?.[1] ?? '';
  const rooms = [...section.matchAll(/^\| `([a-z-]+)(?:\/|\.ts)` \|/gm)].map((match) => match[1]);
  if (rooms.length === 0) throw new Error('The README lists no rooms.');
  return rooms;
}
