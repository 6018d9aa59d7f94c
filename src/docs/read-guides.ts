import { readdirSync, readFileSync } from 'node:fs';

/** The order in which guides are listed. Guides that are not listed here come last. */
const order = [
  'receive-and-verify',
  'follow-the-log',
  'command-line',
  'adopt-an-integration',
  'graphql-conventions',
  'trusted-documents',
  'auth-hook-and-cron',
  'operate',
  'configure',
  'dependencies',
];

export type Guide = Readonly<{ name: string; title: string; text: string }>;

const folder = new URL('../guides/', import.meta.url);

/** Every guide in `src/guides/`. Its title is its first heading. */
export function readGuides(): readonly Guide[] {
  return readdirSync(folder)
    .flatMap((file) => (file.endsWith('.md') ? file.slice(0, -'.md'.length) : []))
    .sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1))
    .map((name) => {
      const text = readFileSync(new URL(`${name}.md`, folder), 'utf8');
      const title = /^# (.+)$/m.exec(text)?.[1];
      if (title === undefined) throw new Error(`The guide ${name} has no title.`);
      return { name, title, text };
    });
}

const placeOf = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
