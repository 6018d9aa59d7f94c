import { complexityFromQuery } from '@pothos/plugin-complexity';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { RequestError } from '../errors.ts';

/**
 * The most that one operation may cost. A field costs 1, a page its size times what one record of it costs, any
 * other list ten times. 100 deliveries with everything that they have, endpoint, event and attempts, cost 15,000;
 * pages within pages within pages are refused.
 */
export const maxOperationCost = 20_000;

/**
 * The refusal of an operation that could cost too much; undefined for one that does not. Page sizes count as they
 * are given, in variables too; one that is not allowed counts as the largest. Nothing has been executed yet.
 */
export function refuseCostlyOperation(args: {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Record<string, unknown>;
  context: object;
}): RequestError | undefined {
  const { schema, document, operation, variables, context } = args;
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const query: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] };
  let cost: number;
  try {
    cost = complexityFromQuery(query, { schema, ctx: context, variables }).complexity;
  } catch (error) {
    // Variables that do not fit their types: the executor says so.
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
  if (cost <= maxOperationCost) return undefined;
  const shown = Number.isFinite(cost) ? Math.ceil(cost) : Number.MAX_SAFE_INTEGER;
  return new RequestError(
    'COST_EXCEEDED',
    `This could cost ${shown}; ${maxOperationCost} is allowed. Ask for smaller pages or fewer lists within lists.`,
    { cost: shown, limit: maxOperationCost },
  );
}
