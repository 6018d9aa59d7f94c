import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';

/**
 * Values that the variables of one operation may hold, as far as their types tell them apart: what stands within a
 * JSON value counts as one. A thousand events with everything that an event has are 6,000; each value costs a
 * microsecond or two to check.
 */
export const maxVariableValues = 20_000;

/** Whether there are more. Stops counting as soon as it knows. */
export function hasTooManyValues(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  variables: Readonly<Record<string, unknown>>,
): boolean {
  let left = maxVariableValues;

  function count(value: unknown, given: GraphQLInputType): void {
    left -= 1;
    const type = getNullableType(given);
    if (isListType(type) && Array.isArray(value)) {
      for (const item of value) {
        if (left < 0) return;
        count(item, type.ofType);
      }
    } else if (isInputObjectType(type) && typeof value === 'object' && value !== null) {
      for (const [name, field] of Object.entries(type.getFields())) {
        const inner: unknown = Reflect.get(value, name);
        if (inner !== undefined) count(inner, field.type);
      }
    }
  }

  for (const { variable, type } of definitions) {
    const inputType = typeFromAST(schema, type);
    if (isInputType(inputType)) count(variables[variable.name.value], inputType);
  }
  return left < 0;
}
