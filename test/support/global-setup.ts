import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import { unpackBrowser } from './browser.ts';
import { citusUrl, createCitusDatabase, freezeCitusDatabase } from './citus.ts';

/**
 * One PostgreSQL for the whole run: the one that DATABASE_URL names, or an embedded one in its own folder; or the Citus
 * cluster that CITUS_URL names. One template database is migrated, and every test file clones it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (citusUrl !== undefined) {
    const template = `heliograph_template_${process.pid}`;
    const made = await createCitusDatabase(template);
    await makePartitions(made.url);
    await freezeCitusDatabase(template);
    project.provide('adminUrl', citusUrl);
    project.provide('template', template);
    await unpackBrowser();
    return made.drop;
  }
  // Here process.env belongs to the test runner, not to the program.
  const given = process.env.DATABASE_URL;
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-test-'));
  const server =
    given === undefined || given === ''
      ? await startEmbeddedPostgres({
          dir,
          settings: ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'],
        })
      : undefined;
  const adminUrl = server?.url ?? given ?? '';
  const template = `heliograph_template_${migrationsHash()}_${process.pid}`;
  await onServer(adminUrl, `create database ${template}`);
  const templateUrl = withDatabase(adminUrl, template);
  await migrate(templateUrl);
  await makePartitions(templateUrl);

  // This comes before the workers, because two of them that unpack it at once could start a half-written program.
  await unpackBrowser();

  project.provide('adminUrl', adminUrl);
  project.provide('template', template);
  return async () => {
    if (server === undefined) await onServer(adminUrl, `drop database if exists ${template} with (force)`);
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  };
}

async function makePartitions(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  await createPartitions(pool, partitionedTables, Date.now());
  await pool.end();
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

function migrationsHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync('migrations').sort()) hash.update(readFileSync(join('migrations', name)));
  return hash.digest('hex').slice(0, 8);
}

declare module 'vitest' {
  interface ProvidedContext {
    adminUrl: string;
    template: string;
  }
}
