import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { findLayout } from '../../src/db/find-layout.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { createLogger } from '../../src/log.ts';
import { citusUrl, cloneCitusDatabase } from './citus.ts';

/** A new database, cloned from the migrated template, with today's partitions. */
export type TestDatabase = Readonly<{ url: string; database: Database; drop(): Promise<void> }>;

export const quietLogger = createLogger('silent');

export async function createTestDatabase(options: { prepared?: boolean } = {}): Promise<TestDatabase> {
  const { url, drop } = await createEmptyClone();
  const database = openDatabase({
    url,
    logger: quietLogger,
    prepared: options.prepared ?? true,
    engineConnections: 8,
    apiConnections: 8,
    layout: await findLayout(url),
  });
  return {
    url,
    database,
    async drop() {
      await database.close();
      await drop();
    },
  };
}

/** Only the clone, for a test that starts processes over it. */
export async function createEmptyClone(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `heliograph_test_${randomBytes(6).toString('hex')}`;
  if (citusUrl !== undefined) return await cloneCitusDatabase(name, inject('template'));
  await onServer(`create database ${name} template ${inject('template')} strategy file_copy`);
  const url = new URL(inject('adminUrl'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`drop database if exists ${name} with (force)`) };
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('adminUrl') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
