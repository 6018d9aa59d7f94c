import { type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql';

/** Each invalid value in a variable creates an error: two million of them in one list used up all memory. */
const maxVariableErrors = 20;

type Coerced = ReturnType<typeof getVariableValues>;

/** By the variables as they were given. */
const known = new WeakMap<
  object,
  { schema: GraphQLSchema; operation: OperationDefinitionNode; found: Coerced }
>();

/** The values of an operation's variables. The check of its cost and its execution share them. */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: { readonly [name: string]: unknown },
): Coerced {
  const before = known.get(given);
  if (before?.operation === operation && before.schema === schema) return before.found;
  const found = getVariableValues(schema, operation.variableDefinitions ?? [], given, {
    maxErrors: maxVariableErrors,
  });
  if (found.errors === undefined) known.set(given, { schema, operation, found });
  return found;
}
