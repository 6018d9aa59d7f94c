import { createAuthenticator } from './access/authenticate.ts';
import { GrantWatch } from './access/grant-watch.ts';
import { type Config, developmentKeyRing, version } from './config.ts';
import { synchroniseClock } from './db/clock.ts';
import { migrate } from './db/migrate.ts';
import { createPartitions } from './db/partitions.ts';
import { openDatabase } from './db/pool.ts';
import { demoReceiverPath, demoRoute, demoSender, seedDemo } from './demo/demo.ts';
import { AddressGuard } from './egress/address-guard.ts';
import { createSender, type SenderOptions } from './egress/send.ts';
import { Handshakes } from './endpoints/handshakes.ts';
import { SigningSecrets } from './endpoints/signing-secrets.ts';
import { EngineMetrics } from './engine/engine-metrics.ts';
import { Maintenance } from './engine/maintenance.ts';
import { Worker } from './engine/worker.ts';
import { EventTypeCatalogue } from './event-types/payload-validator.ts';
import { Publisher } from './events/publisher.ts';
import type { Services } from './graph/context.ts';
import { createReadiness } from './http/health.ts';
import { Metrics } from './http/metrics.ts';
import { createHttpServer } from './http/server.ts';
import { databaseNow } from './ids.ts';
import { Hub } from './live/hub.ts';
import type { Logger } from './log.ts';
import { schema } from './schema.ts';
import { parseKeyRing, SecretBox } from './signing/secret-box.ts';
import { partitionedTables } from './status/partitioned-tables.ts';

/**
 * The program, put together: the only place where pools, engine, schema and server meet. What a process runs depends
 * on its role: `api` answers, `worker` sends, `all` does both. Every role has the health routes and the metrics.
 */
export type App = Readonly<{
  /** Where the server listens. */
  origin: string;
  /** Stops taking work, finishes what is under way within the grace, closes everything. Safe to call twice. */
  stop(graceMs: number): Promise<void>;
}>;

const keptResponseBytes = 4_096;

export async function startApp(
  config: Config,
  options: { databaseUrl: string; directUrl: string; logger: Logger; isDemo: boolean },
): Promise<App> {
  const { databaseUrl, directUrl, logger, isDemo } = options;
  const applied = await migrate(directUrl);
  if (applied.length > 0) logger.info({ applied }, 'migrations applied');
  const database = openDatabase({
    url: databaseUrl,
    directUrl,
    logger,
    prepared: config.preparedStatements,
    engineConnections: 10,
    apiConnections: 12,
  });
  await synchroniseClock(database.api);
  await createPartitions(database.api, partitionedTables, databaseNow());

  const secretBox = new SecretBox(parseKeyRing(config.secretsKeys ?? developmentKeyRing(config.dataDir)));
  const signingSecrets = new SigningSecrets(secretBox);
  const addressGuard = new AddressGuard(config.egressAllow);
  const origin = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  let receiverUrl = '';
  const usual = createSender(senderOptions(config, addressGuard));
  const sender = isDemo ? demoSender(usual, () => receiverUrl, senderOptions(config, addressGuard)) : usual;
  const metrics = new Metrics();
  const handshakes = new Handshakes({
    database,
    logger,
    sender,
    secrets: signingSecrets,
    config,
    userAgent: `Heliograph/${version}`,
  });
  const hub = new Hub({ database, hints: database.hints, logger });
  const grantWatch = new GrantWatch({ database, logger });
  const services: Services = {
    config,
    database,
    logger,
    hints: database.hints,
    addressGuard,
    secretBox,
    signingSecrets,
    handshakes,
    hub,
    eventTypes: new EventTypeCatalogue(database),
    publisher: new Publisher({ database, config }),
  };
  const worker =
    config.role === 'api'
      ? undefined
      : new Worker({
          config,
          database,
          directUrl,
          logger,
          sender,
          secrets: signingSecrets,
          metrics: new EngineMetrics(metrics.registry),
        });
  const maintenance = new Maintenance({ database, directUrl, logger, retentionDays: config.retentionDays });
  const authenticator = createAuthenticator({ config, database, logger });
  const server = createHttpServer({
    schema,
    services,
    authenticator,
    grantWatch,
    metrics,
    readiness: createReadiness({ database, isMigrated: () => true }),
    routes: isDemo ? [demoRoute({ database, secrets: signingSecrets, logger })] : [],
  });

  // The port first: a taken one stops the start before anything runs.
  const { url } = await server.listen();
  receiverUrl = `${url}${demoReceiverPath}`;
  database.hints.start();
  hub.start();
  grantWatch.start();
  handshakes.start();
  maintenance.start();
  worker?.start();
  if (isDemo) await seedDemo({ database, secrets: signingSecrets, handshakes, receiverUrl });

  let stopping: Promise<void> | undefined;
  const stop = async (graceMs: number) => {
    await Promise.all([server.drain(graceMs), worker?.stop(graceMs), maintenance.stop()]);
    await Promise.all([handshakes.stop(), hub.stop(), grantWatch.stop()]);
    await authenticator.settled();
    await sender.close();
    await database.close();
  };
  return {
    origin: url,
    stop(graceMs) {
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}

function senderOptions(config: Config, guard: AddressGuard): SenderOptions {
  return {
    guard,
    requireHttps: config.production,
    ...(config.dnsServers.length > 0 ? { dnsServers: config.dnsServers } : {}),
    maxResponseBytes: config.maxResponseBytes,
    keptResponseBytes,
  };
}
