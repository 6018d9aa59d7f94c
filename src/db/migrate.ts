import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { ConfigError } from '../config.ts';
import { buildIndex } from './build-index.ts';
import { directClient } from './direct-client.ts';
import { citusSettings, distribute, hasCitus } from './distribute.ts';
import { sqlStateOf } from './retry.ts';
import { splitStatements } from './split-statements.ts';

const ownFolder = fileURLToPath(new URL('../../migrations', import.meta.url));
/** The key of the advisory lock (any number, the same in every process): only one process migrates at a time. */
const lockKey = 7_203_115;
const migrationTimeoutMs = 600_000;
const oldestServer = 150_000;
const lockRetryMs = 200;
/** A migration that waits for a table lets everybody after it wait, too. So it soon gives way and tries again. */
const lockTimeoutMs = 1_000;

/** What the first line of a migration may say. */
const builtConcurrently = /^-- concurrently\b/;
const contracts = /^-- contract\b/;

/**
 * Applies the files of `migrations/`, or of another folder, that the database has not seen yet, in order, each in its own transaction. An
 * advisory lock lets any number of processes start at once. A released file must never change: if its text differs from
 * the text that was applied, the start fails. Returns the names of the files that were applied now.
 *
 * Releases run side by side over one database while an upgrade is under way, so a migration only adds what older
 * releases can live with. Two kinds of files say in their first line that they are different:
 *
 * - `-- contract`: releases before this one cannot use the database any more. They refuse to start.
 * - `-- concurrently`: the file holds one `create index`, which is built without blocking writers (`build-index.ts`).
 *
 * Where Citus has distributed the tables, it refuses `add constraint` beside other changes in one `alter table`, and
 * triggers on tables with `owner_id`.
 */
export async function migrate(url: string, folder = ownFolder): Promise<readonly string[]> {
  const client = directClient(url, migrationTimeoutMs);
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    if (Number(rows[0]?.server_version_num) < oldestServer) {
      throw new ConfigError('DATABASE_URL: Heliograph needs PostgreSQL 15 or later.');
    }
    if (await hasCitus(client)) await client.query(citusSettings);
    await lock(client);
    await client.query(
      `create table if not exists migration
         (name text primary key, sha256 text not null, applied_at timestamptz(3) not null default now())`,
    );
    await client.query(
      'alter table migration add column if not exists keeps_older boolean not null default false',
    );
    const files = migrationFiles(folder);
    const applied = new Map(
      (await client.query<AppliedMigration>('select name, sha256, keeps_older from migration')).rows.map(
        (row) => [row.name, row],
      ),
    );
    refuseNewer(applied.values(), files);
    const fresh: string[] = [];
    for (const file of files) {
      const { name, sha256 } = file;
      const known = applied.get(name)?.sha256;
      if (known === sha256) continue;
      if (known !== undefined)
        throw new Error(`The migration ${name} was changed after it had been applied.`);
      await apply(client, file);
      fresh.push(name);
    }
    await distribute(
      client,
      files.flatMap(({ text }) => tablesIn(text)),
    );
    return fresh;
  } finally {
    await client.end();
  }
}

type AppliedMigration = { name: string; sha256: string; keeps_older: boolean };
type MigrationFile = { name: string; text: string; sha256: string };

/**
 * Polls, because a session that waits inside of `pg_advisory_lock` holds a snapshot, and an index that is built
 * concurrently waits for all snapshots: both would wait for each other.
 */
async function lock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      lockKey,
    ]);
    if (rows[0]?.locked === true) return;
    await delay(lockRetryMs);
  }
}

/** A database that was migrated by a newer release is used only if that release said that it still can be. */
function refuseNewer(applied: Iterable<AppliedMigration>, files: readonly MigrationFile[]): void {
  const known = new Set(files.map(({ name }) => name));
  const unknown = [...applied].filter(({ name, keeps_older }) => !known.has(name) && !keeps_older);
  if (unknown.length === 0) return;
  const names = unknown.map(({ name }) => name).join(', ');
  throw new ConfigError(
    `DATABASE_URL: the database was migrated by a newer release (${names}). Start that release or a later one.`,
  );
}

async function apply(client: pg.Client, { name, text, sha256 }: MigrationFile): Promise<void> {
  const note = () =>
    client.query('insert into migration (name, sha256, keeps_older) values ($1, $2, $3)', [
      name,
      sha256,
      !contracts.test(text),
    ]);
  if (builtConcurrently.test(text)) {
    await buildIndex(client, text.replace(/^--.*$/gm, ''));
    await note();
    return;
  }
  const giveUpAt = performance.now() + migrationTimeoutMs;
  for (;;) {
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = ${lockTimeoutMs}`);
      // Each alone, because Citus passes on the whole text of what it is sent.
      for (const statement of splitStatements(text)) await client.query(statement);
      await note();
      await client.query('commit');
      return;
    } catch (error) {
      if (!isOfLocks(error) || performance.now() > giveUpAt) throw error;
      await client.query('rollback');
      await delay(lockRetryMs);
    }
  }
}

/** Others that use the table were in the way, or were about to be kept waiting by us. */
const isOfLocks = (error: unknown) => ['55P03', '40P01'].includes(sqlStateOf(error) ?? '');

/** The tables that a migration creates. */
const tablesIn = (text: string): string[] =>
  [...text.matchAll(/^create table (\w+)/gm)].flatMap(([, name]) => name ?? []);

function migrationFiles(folder: string): MigrationFile[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    });
}
