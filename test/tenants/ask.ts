import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { ExecutionResult } from 'graphql';
import type { Actor } from '../../src/access/actor.ts';
import { Hints } from '../../src/db/listen.ts';
import { EventTypeCatalogue } from '../../src/event-types/payload-validator.ts';
import type { Context } from '../../src/graph/context.ts';
import type { Builder } from '../../src/graph/schema-types.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { configWith } from '../access/issuer.ts';
import { quietLogger, type TestDatabase } from '../support/database.ts';
import { limitsWith } from '../support/limits.ts';

// The copy that Pothos uses. The test runner would resolve an import to the package's other copy.
const { graphql }: typeof import('graphql') = createRequire(import.meta.url)('graphql');

/** Queries the fields that the imported rooms have declared, without a server. */
export type Ask = (
  actor: Actor | undefined,
  query: string,
  options?: { variables?: Record<string, unknown>; idempotencyKey?: string },
) => Promise<ExecutionResult<Record<string, unknown>>>;

export function asker(db: TestDatabase, builder: Builder): Ask {
  // A schema without a subscription is not valid, and the rooms under test may have none.
  builder.subscriptionField('nothing', (t) =>
    t.boolean({
      description: 'Nothing.',
      permission: 'ANY_CREDENTIAL',
      capability: { records: [], sideEffects: [], idempotency: '' },
      subscribe: () => {
        throw new Error('Nothing to subscribe to.');
      },
      resolve: () => true,
    }),
  );
  const schema = builder.toSchema();
  const services = {
    config: configWith({}),
    database: db.database,
    logger: quietLogger,
    hints: new Hints({ url: db.url, logger: quietLogger }),
    eventTypes: new EventTypeCatalogue(db.database),
    limits: limitsWith(),
    secretBox: new SecretBox([{ id: 'test', key: randomBytes(32) }]),
  };
  return async (actor, source, { variables = {}, idempotencyKey } = {}) => {
    const context = { services, actor, requestId: 'request-1', idempotencyKey };
    const result = await graphql({
      schema,
      source,
      contextValue: context as Context,
      variableValues: variables,
    });
    return JSON.parse(JSON.stringify(result));
  };
}
