import { readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';

/** `npm run migrate`: applies what `migrations/` has and the database has not, and says so. */
const { databaseDirectUrl } = readConfig();
if (databaseDirectUrl === undefined) {
  console.error('Set DATABASE_URL. The embedded database is migrated by `npm start`.');
  process.exitCode = 1;
} else {
  const applied = await migrate(databaseDirectUrl);
  console.log(
    applied.length === 0 ? 'Nothing to apply.' : applied.map((name) => `applied ${name}`).join('\n'),
  );
}
