import { type ExecutionResult, type GraphQLSchema, graphql, parse, subscribe } from 'graphql';
import { maskError } from '../../src/graph/mask-error.ts';
import { quietLogger } from '../support/database.ts';
import { actors, type Label } from './actors.ts';

type Asking = { as?: Label | 'nobody'; variables?: Record<string, unknown>; grantSignal?: AbortSignal };

const scope = { requestId: 'r1', logger: quietLogger, hideSuggestions: false };

const contextOf = ({ as = 'full', grantSignal }: Asking) => ({
  actor: as === 'nobody' ? undefined : actors[as],
  requestId: 'r1',
  ...(grantSignal === undefined ? {} : { grantSignal }),
});

/** Data and errors as a client sees them: `errors` as `CODE at path: message`. */
function shown({ data, errors }: ExecutionResult) {
  const told = errors?.map((error) => {
    const { path = [], message, extensions } = maskError(error, scope).toJSON();
    return `${extensions?.code} at ${path.join('.')}: ${message}`;
  });
  return { data: JSON.parse(JSON.stringify(data ?? null)), ...(told === undefined ? {} : { errors: told }) };
}

/** Executes without a server. */
export async function ask(schema: GraphQLSchema, source: string, asking: Asking = {}) {
  const result = await graphql({
    schema,
    source,
    contextValue: contextOf(asking),
    variableValues: asking.variables ?? {},
  });
  return shown(result);
}

/** Subscribes, and returns the stream's messages as a client sees them, or the refusal. */
export async function listen(schema: GraphQLSchema, source: string, asking: Asking = {}) {
  const stream = await subscribe({ schema, document: parse(source), contextValue: contextOf(asking) });
  if (!(Symbol.asyncIterator in stream)) return { refusal: shown(stream), next: undefined };
  return {
    refusal: undefined,
    async next() {
      const { value, done } = await stream.next();
      return done === true ? undefined : shown(value);
    },
  };
}
