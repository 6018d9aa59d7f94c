import '../../src/endpoint-lists/endpoints.graph.ts';
import '../../src/events/events.graph.ts';
import '../../src/statistics/count-deliveries.graph.ts';
import '../../src/deliveries/subscriptions.graph.ts';
import { createRequire } from 'node:module';
import type { ExecutionResult } from 'graphql';
import type { Actor } from '../../src/access/actor.ts';
import type { Database } from '../../src/db/pool.ts';
import { builder } from '../../src/graph/builder.ts';
import type { Context, Services } from '../../src/graph/context.ts';
import type { Hub } from '../../src/live/hub.ts';
import { quietLogger } from '../support/database.ts';

// The runner resolves `graphql` to its ES modules and Pothos to its CommonJS modules, which refuse each other's
// objects.
const { graphql, parse, subscribe }: typeof import('graphql') = createRequire(import.meta.url)('graphql');

const schema = builder.toSchema();

/** The fields of this room use only these parts of the program. */
type Parts = Pick<Services, 'database' | 'hub' | 'logHeartbeatMs'>;

export type Caller = Partial<Actor> & { tenantId: string | undefined };

type OfContext = Partial<Pick<Context, 'grantSignal' | 'progress' | 'resumeAfter'>>;

function contextOf(parts: Parts, caller: Caller, ofContext: OfContext = {}): Context {
  const services: Partial<Services> = { ...parts, logger: quietLogger, hints: parts.database.hints };
  return {
    // The missing services belong to other rooms.
    services: services as Services,
    actor: {
      kind: 'USER',
      actorId: 'somebody',
      label: 'Somebody',
      permissions: new Set(['MANAGE_WEBHOOKS']),
      appId: undefined,
      verifiedEmail: 'somebody@example.com',
      expiresAt: undefined,
      ...caller,
    },
    requestId: 'req-1',
    idempotencyKey: undefined,
    ...ofContext,
  };
}

export function ask(
  parts: { database: Database; hub: Hub },
  caller: Caller,
  source: string,
): Promise<ExecutionResult> {
  return graphql({ schema, source, contextValue: contextOf(parts, caller) });
}

export async function follow(
  parts: Parts,
  caller: Caller,
  { source, ...ofContext }: { source: string } & OfContext,
): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
  return await subscribe({
    schema,
    document: parse(source),
    contextValue: contextOf(parts, caller, ofContext),
  });
}
