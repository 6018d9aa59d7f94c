import type { Actor } from '../../src/access/actor.ts';
import type { Grant } from '../../src/access/grant-watch.ts';
import { readConfig } from '../../src/config.ts';
import type { Services } from '../../src/graph/context.ts';
import { createReadiness } from '../../src/http/health.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { Hub } from '../../src/live/hub.ts';
import { schema } from '../../src/schema.ts';
import { createHttpServer } from '../../src/server.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from './database.ts';
import { seedDeliveries, seedOwner } from './deliveries.ts';

/** A credential that is never over. */
const endless = (): Grant => {
  const { signal } = new AbortController();
  return { ending: signal, signal, release: () => undefined };
};

/**
 * The real server in this process, over one tenant's log of a given length. Every caller is an API key of that
 * tenant.
 */
export type LogServer = Readonly<{
  origin: string;
  ownerId: string;
  endpointId: string;
  db: TestDatabase;
  hub: Hub;
  stop(): Promise<void>;
}>;

export async function startLogServer(options: {
  changes: number;
  slowConsumerMs?: number;
}): Promise<LogServer> {
  const db = await createTestDatabase();
  const { database } = db;
  const { ownerId, endpointIds } = await seedOwner(database);
  const [endpointId = ''] = endpointIds;
  for (let made = 0; made < options.changes; made += 5_000) {
    await seedDeliveries(database, ownerId, endpointId, Math.min(5_000, options.changes - made));
  }
  const hub = new Hub({ database, hints: database.hints, logger: quietLogger });
  hub.start();
  const config = readConfig({ NODE_ENV: 'test', PORT: '0' });
  // The missing services belong to other rooms.
  const services: Partial<Services> = { config, database, logger: quietLogger, hints: database.hints, hub };
  const actor: Actor = {
    kind: 'API_KEY',
    actorId: 'key',
    label: 'key',
    tenantId: ownerId,
    appId: undefined,
    permissions: new Set(['MANAGE_WEBHOOKS']),
    verifiedEmail: undefined,
    expiresAt: undefined,
  };
  const server = createHttpServer({
    schema,
    services: services as Services,
    authenticator: { authenticate: async () => actor },
    grantWatch: { watch: endless },
    readiness: createReadiness({ database, isMigrated: () => true }),
    metrics: new Metrics(),
    ...(options.slowConsumerMs === undefined ? {} : { slowConsumerMs: options.slowConsumerMs }),
  });
  const { url: origin } = await server.listen();
  return {
    origin,
    ownerId,
    endpointId,
    db,
    hub,
    async stop() {
      await server.drain(100);
      await hub.stop();
      await db.drop();
    },
  };
}
