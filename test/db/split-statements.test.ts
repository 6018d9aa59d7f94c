import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { splitStatements } from '../../src/db/split-statements.ts';

test('a file is divided where its statements end, and nowhere else', () => {
  const statements = [
    "-- a comment; with a semicolon, and it's quote\ninsert into a values ('x;''y', 1 - 2)",
    'create function f() returns trigger language plpgsql as $$ begin perform 1; return null; end $$',
    "do $body$ begin execute 'a; $$ b'; end $body$",
    'select "a;b" / 2 from c where d = $1 /* no; end */ and e = 1',
  ];
  expect(splitStatements(`${statements.join(';\n')};\n-- nothing follows;\n ; `)).toEqual(statements);
  expect(splitStatements('select 1')).toEqual(['select 1']);
  expect(splitStatements(' -- only a comment; \n;;')).toEqual([]);
});

test('nothing of a migration is lost by it', () => {
  for (const name of readdirSync('migrations').filter((file) => file.endsWith('.sql'))) {
    const text = readFileSync(`migrations/${name}`, 'utf8');
    expect(text, 'what it does not understand').not.toMatch(/\bE'|\/\*[\s\S]*\/\*/);
    const words = (of: string) =>
      of
        .replace(/--.*/g, '')
        .replace(/[;\s]+/g, ' ')
        .trim();
    expect(words(splitStatements(text).join('\n')), name).toBe(words(text));
  }
});
