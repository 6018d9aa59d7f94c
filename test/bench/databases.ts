import pg from 'pg';

/** Creates a database on the server of this URL. Returns its own URL. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** The server's time for all of the statements, in milliseconds. What they change is rolled back. */
export async function executionMs(
  pool: pg.Pool,
  statements: readonly Readonly<{ sql: string; parameters: readonly unknown[] }>[],
): Promise<number> {
  let sum = 0;
  const client = await pool.connect();
  await client.query('begin');
  for (const { sql, parameters } of statements) {
    const { rows } = await client.query<{ 'QUERY PLAN': [{ 'Execution Time': number }] }>(
      `explain (analyze, timing off, format json) ${sql}`,
      [...parameters],
    );
    sum += rows[0]?.['QUERY PLAN'][0]['Execution Time'] ?? Number.NaN;
  }
  await client.query('rollback');
  client.release();
  return sum;
}
