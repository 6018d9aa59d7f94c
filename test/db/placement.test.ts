import pg from 'pg';
import { expect, test } from 'vitest';
import '../../src/app.ts';
import { type PlacedStatement, placedByText } from '../../src/db/placement.ts';
import { createEmptyClone } from '../support/database.ts';

/**
 * What a statement says about itself for a database that is distributed, compared with what the statement is. Nothing
 * else would notice a mistake on plain PostgreSQL, where it is not used.
 */
test('every placement names the columns that its statement returns, and divides what belongs together', async () => {
  const { url, drop } = await createEmptyClone();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const wrong: string[] = [];
  try {
    for (const { name, text, placement } of placedByText.values()) {
      await client.query(`prepare one as ${placement.text ?? text}`);
      const { rows } = await client.query<{ returned: string | null; parameters: string }>(
        `select array_to_string(result_types, ', ') as returned, array_to_string(parameter_types, ', ') as parameters
           from pg_prepared_statements where name = 'one'`,
      );
      await client.query('deallocate one');
      const said = await typesOf(client, placement.returns);
      if (said !== (rows[0]?.returned ?? '')) wrong.push(`${name} returns ${rows[0]?.returned}, not ${said}`);
      wrong.push(...dividedWrongly({ name, text, placement }));
    }
  } finally {
    await client.end();
    await drop();
  }
  expect(wrong).toEqual([]);
  expect(placedByText.size).toBeGreaterThan(30);
});

/** As PostgreSQL calls the types of a column definition list. */
async function typesOf(client: pg.Client, returns: string): Promise<string> {
  if (returns === '') return '';
  await client.query(`create temp table said (${returns})`);
  const { rows } = await client.query<{ types: string }>(
    `select string_agg(format_type(atttypid, null), ', ' order by attnum) as types
       from pg_attribute where attrelid = 'said'::regclass and attnum > 0`,
  );
  await client.query('drop table said');
  return rows[0]?.types ?? '';
}

/** Arrays that are unnested beside each other have to be in one list, and nothing else. */
function dividedWrongly({ name, text, placement }: PlacedStatement): string[] {
  if (!('owners' in placement)) return [];
  const unnested = [...text.matchAll(/unnest\(\s*((?:\$\d+::\w+\[\],?\s*)+)\)/g)]
    .map(([, list = '']) => [...list.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))
    .filter((numbers) => numbers.length > 1);
  const lists = placement.owners.map((numbers) => [...numbers].sort((a, b) => a - b).join(' '));
  return unnested
    .map((numbers) => [...numbers].sort((a, b) => a - b).join(' '))
    .filter((numbers) => !lists.includes(numbers))
    .map((numbers) => `${name} unnests ${numbers} beside each other, but divides ${lists.join(' | ')}`);
}
