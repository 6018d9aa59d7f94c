import { AppTokens } from './access/app-tokens.ts';
import { createAuthenticator } from './access/authenticate.ts';
import { ConsoleLinks } from './access/console-links.ts';
import { GrantWatch } from './access/grant-watch.ts';
import { createInvitationMailer } from './apps/invitation-mailer.ts';
import { oauthTokenRoute } from './apps/oauth-token.ts';
import { createConsole } from './bundle/console-routes.ts';
import { CancelRunner } from './cancels/cancel-runner.ts';
import { databaseNow } from './clock.ts';
import { type Config, developmentKeyRing, userAgent } from './config.ts';
import { synchroniseClock } from './db/clock.ts';
import { findLayout } from './db/find-layout.ts';
import { migrate } from './db/migrate.ts';
import { createPartitions } from './db/partitions.ts';
import { openDatabase } from './db/pool.ts';
import { demoReceiverPath, demoRoute, demoSender, seedDemo } from './demo/demo.ts';
import { demoToken } from './demo/demo-token.ts';
import { docsRoutes } from './docs/routes.ts';
import { AddressGuard } from './egress/address-guard.ts';
import { createSender, type SenderOptions } from './egress/send.ts';
import { Handshakes } from './endpoints/handshakes.ts';
import { EngineMetrics } from './engine/engine-metrics.ts';
import { Worker } from './engine/worker.ts';
import { messageOf } from './errors.ts';
import { EventTypeCatalogue } from './event-types/payload-validator.ts';
import { Publisher } from './events/publisher.ts';
import { Forwarder } from './forwarding/forwarder.ts';
import type { Services } from './graph/context.ts';
import { HeldQueues } from './holding/held-queues.ts';
import { createReadiness } from './http/health.ts';
import { Metrics } from './http/metrics.ts';
import { installRoutes } from './installations/install-callback.ts';
import { internalRoutes } from './internal/routes.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { createJobs } from './jobs/jobs.ts';
import { Scheduler } from './jobs/scheduler.ts';
import { TenantLimits } from './limits/tenant-limits.ts';
import { FrameTraces } from './live/frame-traces.ts';
import { Hub } from './live/hub.ts';
import type { Logger } from './log.ts';
import { createMailer } from './mail.ts';
import { Purger } from './purging/purger.ts';
import { QueueMetrics } from './queue-metrics/queue-metrics.ts';
import { ReplayRunner } from './replays/replay-runner.ts';
import { schema } from './schema.ts';
import { SigningSecrets } from './sending/signing-secrets.ts';
import { createHttpServer } from './server.ts';
import { parseKeyRing, SecretBox } from './signing/secret-box.ts';
import { partitionedTables } from './status/partitioned-tables.ts';
import { TenantStandings } from './tenants/tenant-standings.ts';
import { startTracing } from './tracing/start-tracing.ts';
import { graphiqlPage, graphiqlPolicy } from './transports/graphiql.ts';
import { readTrustedDocuments } from './transports/trusted-documents.ts';

/**
 * Puts the program together. It is the only place where pools, engine, schema and server meet. The role decides what
 * a process runs: `api` answers, `worker` sends, `all` does both. Every role has the health routes and the metrics.
 */
export type App = Readonly<{
  /** The address on which the server listens. */
  origin: string;
  /**
   * Accepts no more work, finishes running work within the grace period, and closes everything. It is safe to call it
   * twice.
   */
  stop(graceMs: number): Promise<void>;
}>;

const keptResponseBytes = 4_096;

export async function startApp(
  config: Config,
  options: { databaseUrl: string; directUrl: string; logger: Logger; isDemo: boolean },
): Promise<App> {
  const { databaseUrl, directUrl, logger, isDemo } = options;
  const trustedDocuments = readTrustedDocuments(new URL('../schema/', import.meta.url));
  const console =
    config.console && config.role !== 'worker'
      ? createConsole({
          config,
          logger,
          graphiql: config.production
            ? undefined
            : { page: () => graphiqlPage(undefined), policy: graphiqlPolicy },
        })
      : undefined;
  // In a process of its own, while the database is made ready: it is there when somebody opens the link.
  if (isDemo || config.production) console?.warm();
  const tracing = await startTracing(config, logger);
  const applied = await migrate(directUrl);
  if (applied.length > 0) logger.info({ applied }, 'migrations applied');
  const database = openDatabase({
    url: databaseUrl,
    directUrl,
    logger,
    prepared: config.preparedStatements,
    engineConnections: 10,
    apiConnections: 12,
    async makePartitions(pool) {
      await synchroniseClock(pool);
      await createPartitions(pool, partitionedTables, databaseNow());
    },
    layout: await findLayout(directUrl),
  });
  await synchroniseClock(database.api);
  await createPartitions(database.api, partitionedTables, databaseNow(), 1);
  // The periodic job makes what cannot be made now, because a node of the database is away.
  await createPartitions(database.api, partitionedTables, databaseNow()).catch((error) =>
    logger.warn({ error: messageOf(error) }, 'not all partitions of the next days could be made'),
  );

  const secretBox = new SecretBox(parseKeyRing(config.secretsKeys ?? developmentKeyRing(config.dataDir)));
  const signingSecrets = new SigningSecrets(secretBox);
  const addressGuard = new AddressGuard(config.egressAllow);
  const origin = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  let listening = origin;
  const usual = createSender(senderOptions(config, addressGuard));
  const sender = isDemo
    ? demoSender(usual, () => listening + demoReceiverPath, senderOptions(config, addressGuard))
    : usual;
  const metrics = new Metrics();
  metrics.observePools(database);
  const limits = new TenantLimits({ limits: config.limits, registry: metrics.registry });
  const handshakes = new Handshakes({
    database,
    logger,
    sender,
    secrets: signingSecrets,
    config,
    userAgent,
    // With the embedded database there is only this process.
    isAlone: isDemo,
  });
  const frameTraces = new FrameTraces(database);
  const hub = new Hub({
    ...{ database, hints: database.hints, logger },
    onRead(seconds, frame) {
      metrics.lagged(seconds);
      frameTraces.note(frame);
    },
  });
  const grantWatch = new GrantWatch({ database, logger });
  const replayRunner = new ReplayRunner({ database, config, limits, logger });
  const cancelRunner = new CancelRunner({ database, logger });
  const purger = new Purger({ database, directUrl, logger });
  const mailer = createMailer(config, logger);
  const invitationMailer = createInvitationMailer(config, logger);
  const publicUrl = () => config.publicUrl ?? listening;
  const eventTypes = new EventTypeCatalogue(database);
  const consoleLinks = new ConsoleLinks({ database, secretBox });
  const services: Services = {
    config,
    database,
    logger,
    hints: database.hints,
    addressGuard,
    secretBox,
    signingSecrets,
    limits,
    handshakes,
    hub,
    grantWatch,
    replayRunner,
    cancelRunner,
    purger,
    invitationMailer,
    consoleLinks,
    publicUrl,
    eventTypes,
    publisher: new Publisher({
      ...{ database, config, limits },
      timing: {
        published: (seconds) => metrics.published(seconds),
        committed: (seconds) => metrics.publishCommitted(seconds),
      },
    }),
    tenantStandings: new TenantStandings(database),
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
          mailer,
        });
  const queueMetrics =
    worker === undefined
      ? undefined
      : new QueueMetrics({
          ...{ database, logger, registry: metrics.registry },
          heldShards: () => worker.heldShards(),
        });
  const heldQueues =
    config.role === 'api'
      ? undefined
      : new HeldQueues({ database, logger, retentionDays: config.retentionDays });
  const forwarder = config.role === 'api' ? undefined : new Forwarder({ database, logger, config });
  const runner = new JobRunner({ database, directUrl, jobs: createJobs({ database, handshakes, config }) });
  const scheduler = new Scheduler({ database, runner, logger });
  const appTokens = new AppTokens({ database, secretBox });
  const authenticator = createAuthenticator({ config, database, logger, appTokens, consoleLinks });
  const server = createHttpServer({
    schema,
    services,
    authenticator,
    grantWatch,
    metrics,
    trustedDocuments,
    ...(isDemo ? { developmentToken: () => demoToken(config) } : {}),
    readiness: createReadiness({ database, isMigrated: () => true }),
    routes: [
      ...docsRoutes(schema),
      ...(console?.routes ?? []),
      oauthTokenRoute({ database, appTokens }),
      ...installRoutes({ database, secretBox, authenticator, publicUrl }),
      ...internalRoutes({ config, database, runner }),
      ...(isDemo ? [demoRoute({ database, secrets: signingSecrets, logger })] : []),
    ],
  });

  // Listening comes first, so that a port in use stops the start before anything else runs.
  const { url } = await server.listen();
  listening = url;
  database.hints.start();
  hub.start();
  grantWatch.start();
  replayRunner.start();
  cancelRunner.start();
  purger.start();
  scheduler.start();
  forwarder?.start();
  heldQueues?.start();
  queueMetrics?.start();
  worker?.start();
  if (isDemo) {
    await seedDemo({
      database,
      secrets: signingSecrets,
      limits,
      handshakes,
      receiverUrl: url + demoReceiverPath,
    });
  }
  // This comes after the seed, because the demo's receiver may have another port than last time, and the handshake
  // must be sent there.
  handshakes.start();
  // Otherwise the first request bundles it, because the servers of tests rarely need it.

  let stopping: Promise<void> | undefined;
  const stop = async (graceMs: number) => {
    // Running requests and attempts still need everything else.
    await Promise.all([server.drain(graceMs), worker?.stop(graceMs), scheduler.stop()]);
    await Promise.all([
      handshakes.stop(),
      hub.stop(),
      grantWatch.stop(),
      forwarder?.stop(),
      heldQueues?.stop(),
      queueMetrics?.stop(),
      replayRunner.stop(),
      cancelRunner.stop(),
      purger.stop(),
      invitationMailer?.stop(),
      mailer?.stop(),
    ]);
    await authenticator.settled();
    await eventTypes.close();
    await sender.close();
    await Promise.all([database.close(), tracing?.stop()]);
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
    proxyUrl: config.egressProxy,
    ...(config.dnsServers.length > 0 ? { dnsServers: config.dnsServers } : {}),
    maxResponseBytes: config.maxResponseBytes,
    keptResponseBytes,
  };
}
