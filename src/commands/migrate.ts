import { ConfigError, readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { fail } from './failure.ts';

/** `npm run migrate`: applies the migrations that the database does not have yet, and prints them. */
async function main(): Promise<void> {
  const { databaseDirectUrl } = readConfig();
  if (databaseDirectUrl === undefined) {
    throw new ConfigError('Set DATABASE_URL. The embedded database is migrated by `npm start`.');
  }
  const applied = await migrate(databaseDirectUrl);
  console.log(
    applied.length === 0
      ? 'There are no migrations to apply.'
      : applied.map((name) => `applied ${name}`).join('\n'),
  );
}

main().catch(fail);
