import { ConfigError, readConfig } from '../config.ts';
import { applicationName, directClient } from '../db/direct-client.ts';
import { fail } from './failure.ts';

/**
 * More changes than can have been lost. Positions stay far below 2^53, however often a database is restored.
 */
const jump = 1_000_000_000;

/**
 * `npm run restored`, after the database was restored to an earlier moment, and before the first process starts: every
 * owner's log goes on a billion positions later, and nothing before that can be resumed from.
 *
 * Without it, the log would give positions to new changes that readers have seen with others. A reader that was ahead is
 * refused only until the log has grown past its position; after that it would go on there, and miss what lies between.
 */
async function main(): Promise<void> {
  const { databaseUrl, databaseDirectUrl } = readConfig();
  if (databaseDirectUrl === undefined || databaseUrl === undefined) {
    throw new ConfigError('Set DATABASE_URL to the restored database.');
  }
  const client = directClient(databaseDirectUrl, 600_000);
  await client.connect();
  try {
    const { rows: others } = await client.query<{ n: number }>(
      `select count(*)::integer as n from pg_stat_activity
        where application_name = $1 and datname = current_database() and pid <> pg_backend_pid()`,
      [applicationName],
    );
    const [{ n } = { n: 0 }] = others;
    if (n > 0) throw new ConfigError('Stop every process that uses this database first.');
    const { rowCount } = await client.query('update owner_log set head = head + $1, floor = head + $1', [
      jump,
    ]);
    process.stdout.write(
      `${rowCount ?? 0} logs go on ${jump.toLocaleString('en')} positions later. Readers that resume from before are told LOG_POSITION_EXPIRED.\n`,
    );
  } finally {
    await client.end();
  }
}

main().catch(fail);
