import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../config.ts';
import { directClient } from './direct-client.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
/** The key of the advisory lock (any number, the same in every process): only one process migrates at a time. */
const lockKey = 7_203_115;
const migrationTimeoutMs = 600_000;
const oldestServer = 150_000;

/**
 * Applies the files of `migrations/` that the database has not seen yet, in order, each in its own transaction. An
 * advisory lock lets any number of processes start at once. A released file must never change: if its text differs from
 * the text that was applied, the start fails. Returns the names of the files that were applied now.
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const client = directClient(url, migrationTimeoutMs);
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    if (Number(rows[0]?.server_version_num) < oldestServer) {
      throw new ConfigError('DATABASE_URL: Heliograph needs PostgreSQL 15 or later.');
    }
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await client.query(
      `create table if not exists migration
         (name text primary key, sha256 text not null, applied_at timestamptz(3) not null default now())`,
    );
    const applied = new Map(
      (await client.query<{ name: string; sha256: string }>('select name, sha256 from migration')).rows.map(
        (row) => [row.name, row.sha256],
      ),
    );
    const fresh: string[] = [];
    for (const { name, text, sha256 } of migrationFiles()) {
      const known = applied.get(name);
      if (known === sha256) continue;
      if (known !== undefined)
        throw new Error(`The migration ${name} was changed after it had been applied.`);
      await client.query('begin');
      await client.query(text);
      await client.query('insert into migration (name, sha256) values ($1, $2)', [name, sha256]);
      await client.query('commit');
      fresh.push(name);
    }
    return fresh;
  } finally {
    await client.end();
  }
}

function migrationFiles(): { name: string; text: string; sha256: string }[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    });
}
