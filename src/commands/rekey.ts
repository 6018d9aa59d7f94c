import { ConfigError, developmentKeyRing, readConfig } from '../config.ts';
import { findLayout } from '../db/find-layout.ts';
import { openDatabase } from '../db/pool.ts';
import { createLogger } from '../log.ts';
import { parseKeyRing, SecretBox } from '../signing/secret-box.ts';
import { fail } from './failure.ts';
import { rekeySecrets } from './rekey-secrets.ts';

/**
 * `npm run secrets:rekey`: after a new key was put first in SECRETS_KEYS, it reseals everything that older keys
 * sealed, and prints how much that was. Run it once every process has the new ring. When it reports nothing left,
 * remove the old key. It may run beside everything else, be stopped at any time and be run again.
 */
async function main(): Promise<void> {
  const config = readConfig();
  if (config.databaseUrl === undefined) {
    throw new ConfigError('Set DATABASE_URL: the embedded database is the development server’s own.');
  }
  const box = new SecretBox(parseKeyRing(config.secretsKeys ?? developmentKeyRing(config.dataDir)));
  const database = openDatabase({
    url: config.databaseUrl,
    logger: createLogger(config.logLevel),
    prepared: config.preparedStatements,
    engineConnections: 1,
    apiConnections: 2,
    layout: await findLayout(config.databaseDirectUrl ?? config.databaseUrl),
  });
  try {
    const { signingSecrets, answers, tokenKeys, headers, unreadable } = await rekeySecrets(database, box);
    process.stdout.write(
      `Encrypted with the key ${box.currentKeyId}: ${signingSecrets} signing secrets, ${answers} idempotency answers, ${tokenKeys} keys of access tokens, the secret headers of ${headers} endpoints.\n`,
    );
    if (unreadable === 0) return;
    process.stderr.write(
      `${unreadable} rows could not be decrypted with any key of the ring. Keep the old keys.\n`,
    );
    process.exitCode = 1;
  } finally {
    await database.close();
  }
}

main().catch(fail);
