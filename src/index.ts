import { signDevelopmentToken } from './access/development-keys.ts';
import { permissions } from './access/permissions.ts';
import { startApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { startEmbeddedPostgres } from './db/embedded-postgres.ts';
import { demoTenant } from './demo/demo.ts';
import { welcome } from './demo/welcome.ts';
import { createLogger } from './log.ts';

/** How long SIGTERM waits for what is in flight; what is left then goes to the next holder of the lease. */
const graceMs = 10_000;
const dayRounded = 86_400;

async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  const embedded =
    config.databaseUrl === undefined ? await startEmbeddedPostgres({ dir: config.dataDir }) : undefined;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  const isDemo = embedded !== undefined && config.role === 'all';

  let isStopping = false;
  const app = await startApp(config, {
    databaseUrl,
    directUrl: config.databaseDirectUrl ?? databaseUrl,
    logger,
    isDemo,
  }).catch(async (error: unknown) => {
    await embedded?.stop();
    throw error;
  });
  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ signal }, 'stopping');
    await app.stop(graceMs);
    await embedded?.stop();
    logger.info('stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));

  logger.info({ origin: app.origin, role: config.role }, 'ready');
  if (isDemo) process.stdout.write(welcome(app.origin, await demoToken(config)));
}

function demoToken(config: Config): Promise<string> {
  return signDevelopmentToken(config, {
    subject: 'demo',
    kind: 'user',
    tenant: demoTenant,
    email: 'demo@example.com',
    permissions,
    expiresInSeconds: dayRounded,
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(1);
});

/** What stops a start is a sentence where we know what it means, else the whole error. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The port is in use already: set PORT to another one.';
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
