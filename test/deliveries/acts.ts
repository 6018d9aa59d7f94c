import '../../src/endpoint-lists/endpoints.graph.ts';
import '../../src/events/events.graph.ts';
import '../../src/statistics/count-deliveries.graph.ts';
import '../../src/deliveries/change-deliveries.graph.ts';
import '../../src/cancels/cancel-deliveries.graph.ts';
import '../../src/replays/replay.graph.ts';
import '../../src/events/test-endpoint.graph.ts';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { ExecutionResult } from 'graphql';
import type { Actor } from '../../src/access/actor.ts';
import { CancelRunner } from '../../src/cancels/cancel-runner.ts';
import { builder } from '../../src/graph/builder.ts';
import type { Context, Services } from '../../src/graph/context.ts';
import { Purger } from '../../src/purging/purger.ts';
import { ReplayRunner } from '../../src/replays/replay-runner.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { configWith } from '../access/issuer.ts';
import { createTestDatabase, quietLogger } from '../support/database.ts';
import { limitsWith } from '../support/limits.ts';

// The runner resolves `graphql` to its ES modules and Pothos to its CommonJS modules, which refuse each other's
// objects.
const { graphql, parse, subscribe }: typeof import('graphql') = createRequire(import.meta.url)('graphql');

/** What callers do with deliveries, over a separate database. The test starts the runner and the purger. */
export type Acts = Awaited<ReturnType<typeof openActs>>;

type Call = Readonly<{ ownerId: string; actor?: Partial<Actor>; grantSignal?: AbortSignal }>;

export async function openActs() {
  const db = await createTestDatabase();
  const { database } = db;
  const config = configWith({ RETRY_SCHEDULE: '0,0,0' });
  const schema = builder.toSchema();
  const limits = limitsWith();
  const runner = new ReplayRunner({ database, config, limits, logger: quietLogger });
  const cancelRunner = new CancelRunner({ database, logger: quietLogger });
  const purger = new Purger({ database, directUrl: db.url, logger: quietLogger });
  const services: Partial<Services> = {
    config,
    limits,
    database,
    logger: quietLogger,
    hints: database.hints,
    secretBox: new SecretBox([{ id: 'test', key: randomBytes(32) }]),
    replayRunner: runner,
    cancelRunner,
    purger,
  };
  const contextOf = ({ ownerId, actor, grantSignal }: Call): Context => ({
    // The missing services belong to other rooms.
    services: services as Services,
    actor: {
      kind: 'USER',
      actorId: 'somebody',
      label: 'Somebody',
      permissions: new Set(['MANAGE_WEBHOOKS']),
      tenantId: ownerId,
      appId: undefined,
      verifiedEmail: undefined,
      expiresAt: undefined,
      ...actor,
    },
    requestId: 'req-1',
    idempotencyKey: undefined,
    ...(grantSignal && { grantSignal }),
  });

  async function ask(
    call: Call,
    source: string,
    variableValues: Record<string, unknown> = {},
  ): Promise<ExecutionResult> {
    return graphql({ schema, source, contextValue: contextOf(call), variableValues });
  }

  return {
    ...db,
    runner,
    cancelRunner,
    purger,
    ask,
    /** The one field of the answer to an operation that must succeed. */
    async answer(call: Call, source: string, variables: Record<string, unknown> = {}) {
      const { data, errors } = await ask(call, source, variables);
      if (errors !== undefined) throw errors[0]?.originalError ?? errors[0];
      const [value] = Object.values(data ?? {});
      return value as Record<string, unknown>;
    },
    async follow(call: Call, source: string, variableValues: Record<string, unknown> = {}) {
      const document = parse(source);
      const stream = await subscribe({ schema, document, contextValue: contextOf(call), variableValues });
      if (!('next' in stream)) throw stream.errors?.[0]?.originalError;
      return stream;
    },
    async close() {
      await Promise.all([runner.stop(), cancelRunner.stop(), purger.stop()]);
      await db.drop();
    },
  };
}
