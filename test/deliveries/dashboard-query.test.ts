import '../../src/statistics/stats.graph.ts';
import { createRequire } from 'node:module';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { databaseNow } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import type { Context, Services } from '../../src/graph/context.ts';
import { schema } from '../../src/schema.ts';
import { apply } from '../../src/status/apply.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';

// The runner resolves `graphql` to its ES modules and Pothos to its CommonJS modules, which refuse each other's
// objects.
const { graphql }: typeof import('graphql') = createRequire(import.meta.url)('graphql');

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const document = `{
  endpoints(first: 100) {
    totalCount
    nodes {
      state { name reason since }
      id url isActive disabledReason
      owner { ... on Tenant { id externalId } }
      verification { status verifiedAt reason }
      circuit { state openedAt nextProbeAt consecutiveFailures }
      signingSecrets { id expiresAt }
      stats {
        total succeeded failed inFlight successRate latencyP50 latencyP95
        lastDeliveryAt lastSuccessAt lastFailureAt
        timeline(buckets: 24) { start succeeded failed inFlight }
      }
      deliveries(first: 10) {
        logPosition
        pageInfo { hasNextPage endCursor }
        nodes {
          id status failureReason kind createdAt
          endpoint { id }
          event { id type tenant { id } payloadText }
          attempts { id outcome responseStatus durationMs }
          history { position after status previousStatus occurredAt }
          replayOf { id }
          replays(first: 3) { nodes { id } }
        }
      }
      failed: deliveries(first: 5, filter: { status: [FAILED, DEAD_LETTER] }) { nodes { id attempts { error } } }
      auditLog(first: 10) { nodes { action actor { label } changes occurredAt } }
    }
  }
  deliveryStats { total successRate timeline(buckets: 24) { start succeeded } }
  deliveries(first: 10) { nodes { id endpoint { url } attempts { outcome } } }
  auditLog(first: 10) { nodes { action targetId } }
  eventTypes { name subscribedEndpoints(first: 3) { totalCount nodes { id } } }
  logHead
}`;

async function seed(size: { endpoints: number; deliveries: number }) {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: size.endpoints });
  for (const endpointId of endpointIds) {
    const deliveries = await seedDeliveries(db.database, ownerId, endpointId, size.deliveries);
    await claimAll(db.database, ownerId, 1);
    await apply(
      db.database,
      deliveries.map(({ id }, index) => ({
        ownerId,
        deliveryId: id,
        claim: 1,
        attemptRows: 0,
        to:
          index % 2 === 0
            ? { kind: 'end', status: 'SUCCEEDED', reason: undefined }
            : { kind: 'end', status: 'DEAD_LETTER', reason: 'RETRIES_EXHAUSTED' },
        attempt: {
          outcome: 'SUCCEEDED',
          counts: true,
          startedAt: new Date(databaseNow()),
          durationMs: 12,
          responseStatus: 200,
          responseBody: undefined,
          responseHeaders: undefined,
          requestHeaders: undefined,
          error: undefined,
        },
      })),
    );
    await db.database.api.query(
      `insert into audit_entry (owner_id, id, action, actor_kind, actor_id, actor_label, target_type, target_id, changes)
       values ($1, gen_random_uuid(), 'endpoint.create', 'USER', 'somebody', 'Somebody', 'Endpoint', $2, '{}')`,
      [ownerId, endpointId],
    );
  }
  return ownerId;
}

/** The answer, and the number of statements that it needed. */
async function ask(tenantId: string) {
  const actor: Actor = {
    kind: 'USER',
    actorId: 'somebody',
    label: 'Somebody',
    permissions: new Set(['MANAGE_WEBHOOKS', 'READ_AUDIT_LOG']),
    tenantId,
    appId: undefined,
    verifiedEmail: undefined,
    expiresAt: undefined,
  };
  const services: Partial<Services> = {
    config: readConfig({}),
    database: db.database,
    logger: quietLogger,
    hints: db.database.hints,
  };
  const contextValue: Context = {
    // The fields of the document use only these parts of the program.
    services: services as Services,
    actor,
    requestId: 'req-1',
    idempotencyKey: undefined,
  };
  // The pool must be warm, because a new connection sets its settings by a statement.
  await Promise.all(Array.from({ length: 8 }, () => db.database.api.query('select pg_sleep(0.02)')));
  const sent = vi.spyOn(pg.Client.prototype, 'query');
  try {
    const answer = await graphql({ schema, source: document, contextValue });
    return { answer, statements: sent.mock.calls.length };
  } finally {
    sent.mockRestore();
  }
}

test('a dashboard is one query of a fixed number of statements, whatever there is to show', async () => {
  // Below this size, the number depends on how many of the same records are requested at once and read together.
  // Each of the four statistics has two more, for its plan, once it was used three times.
  const most = 30 + 4 * 2;
  const counts: number[] = [];
  for (const size of [
    { endpoints: 1, deliveries: 2 },
    { endpoints: 2, deliveries: 12 },
    { endpoints: 15, deliveries: 3 },
    { endpoints: 40, deliveries: 30 },
  ]) {
    const { answer, statements } = await ask(await seed(size));
    expect(answer.errors).toBeUndefined();
    const data = JSON.parse(JSON.stringify(answer.data));
    expect(data.endpoints.nodes).toHaveLength(size.endpoints);
    expect(data.endpoints.totalCount).toBe(size.endpoints);
    expect(data.deliveryStats.total).toBe(size.endpoints * size.deliveries);
    for (const endpoint of data.endpoints.nodes) {
      expect(endpoint.stats).toMatchObject({ total: size.deliveries, inFlight: 0 });
      expect(endpoint.stats.timeline).toHaveLength(24);
      expect(endpoint.deliveries.nodes).toHaveLength(Math.min(10, size.deliveries));
      expect(endpoint.state).toEqual({ name: 'ACTIVE', reason: null, since: null });
      expect(endpoint.deliveries.nodes[0].attempts).toHaveLength(1);
      const [{ history, status }] = endpoint.deliveries.nodes;
      expect(history.map((change: { status: string }) => change.status)).toEqual(['PENDING', status]);
      expect(endpoint.deliveries.nodes[0].endpoint.id).toBe(endpoint.id);
      expect(endpoint.failed.nodes).toHaveLength(Math.min(5, Math.floor(size.deliveries / 2)));
      expect(endpoint.auditLog.nodes).toHaveLength(1);
    }
    counts.push(statements);
  }
  expect(Math.max(...counts), `statements: ${counts.join(', ')}`).toBeLessThanOrEqual(most);
});

test.each([
  ['{ deliveryStats(since: "2026-03-02T00:00:00Z", until: "2026-03-01T00:00:00Z") { total } }', 'since'],
  ['{ deliveryStats(since: "2026-01-01T00:00:00Z", until: "2026-03-01T00:00:00Z") { total } }', 'since'],
  ['{ deliveryStats { timeline(buckets: 0) { start } } }', 'buckets'],
  ['{ deliveryStats { timeline(buckets: 501) { start } } }', 'buckets'],
])('%s is refused', async (source, argument) => {
  const { ownerId: tenantId } = await seedOwner(db.database);
  const services: Partial<Services> = { config: readConfig({}), database: db.database };
  const answer = await graphql({
    schema,
    source,
    contextValue: {
      services,
      actor: { kind: 'API_KEY', permissions: new Set(['MANAGE_WEBHOOKS']), tenantId },
    },
  });
  expect(answer.errors?.[0]?.originalError).toMatchObject({
    code: 'BAD_USER_INPUT',
    extensions: { argument },
  });
});
