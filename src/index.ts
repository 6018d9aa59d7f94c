import { type App, startApp } from './app.ts';
import { fail } from './commands/failure.ts';
import { readConfig } from './config.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './db/embedded-postgres.ts';
import { demoToken } from './demo/demo-token.ts';
import { welcome } from './demo/welcome.ts';
import { createLogger } from './log.ts';

/** How long we wait after SIGTERM for attempts that are running. The next holder of the lease repeats the others. */
const graceMs = 10_000;

async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  let app: App | undefined;
  let embedded: Promise<EmbeddedPostgres> | undefined;
  let isStopping = false;

  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ signal }, 'stopping');
    await app?.stop(graceMs);
    const postgres = await embedded?.catch(() => undefined);
    await postgres?.stop();
    logger.info('stopped');
    process.exit(0);
  };
  // Set before anything is started: otherwise a signal could leave an embedded server behind that is just starting.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));

  try {
    if (config.databaseUrl === undefined) embedded = startEmbeddedPostgres({ dir: config.dataDir });
    const databaseUrl = config.databaseUrl ?? (await embedded)?.url ?? '';
    if (isStopping) return;
    const isDemo = embedded !== undefined && config.role === 'all';
    app = await startApp(config, {
      databaseUrl,
      directUrl: config.databaseDirectUrl ?? databaseUrl,
      logger,
      isDemo,
    });
    logger.info({ origin: app.origin, role: config.role }, 'ready');
    const token = isDemo ? await demoToken(config) : undefined;
    if (token !== undefined) process.stdout.write(welcome(app.origin, token, config));
  } catch (error) {
    // A signal during the start closes the database, so the start fails. That is expected and is not reported.
    if (isStopping) return;
    const postgres = await embedded?.catch(() => undefined);
    await postgres?.stop();
    throw error;
  }
}

main().catch((error: unknown) => {
  fail(error);
  process.exit();
});
