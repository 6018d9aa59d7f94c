import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import { badUserInput, type RequestError } from '../errors.ts';
import { listLimitOf, listTooLong } from './list-limits.ts';

/**
 * The limit for values in the variables of one operation, as far as their types describe them; a JSON value counts as
 * one. A thousand events with every field are 6,000 values, and checking a value takes a microsecond or two.
 */
const maxVariableValues = 20_000;

/**
 * Returns the reason to refuse variables before any of their values is checked: they hold more values, or a list in
 * an input has more entries, than allowed. Counting stops as soon as the answer is known. The limit for a variable
 * that is itself a list depends on where it is used.
 */
export function refuseManyValues(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  variables: Readonly<Record<string, unknown>>,
): RequestError | undefined {
  let left = maxVariableValues;
  let refusal: RequestError | undefined;

  function count(value: unknown, given: GraphQLInputType, place: string | undefined): void {
    left -= 1;
    const type = getNullableType(given);
    if (isListType(type) && Array.isArray(value)) {
      if (place !== undefined && value.length > listLimitOf(place)) {
        refusal ??= listTooLong(place, value.length);
        return;
      }
      for (const item of value) {
        if (left < 0 || refusal !== undefined) return;
        count(item, type.ofType, place);
      }
    } else if (isInputObjectType(type) && typeof value === 'object' && value !== null) {
      for (const field of fieldsOf(type)) {
        const inner: unknown = Reflect.get(value, field.name);
        if (inner !== undefined) count(inner, field.type, field.place);
      }
    }
  }

  for (const { variable, type } of definitions) {
    const inputType = typeFromAST(schema, type);
    if (isInputType(inputType)) count(variables[variable.name.value], inputType, undefined);
  }
  return refusal ?? (left < 0 ? tooManyValues() : undefined);
}

type Field = Readonly<{ name: string; type: GraphQLInputType; place: string }>;
const fields = new WeakMap<GraphQLInputObjectType, readonly Field[]>();

function fieldsOf(type: GraphQLInputObjectType): readonly Field[] {
  let known = fields.get(type);
  if (known === undefined) {
    const entries = Object.entries(type.getFields());
    known = entries.map(([name, field]) => ({ name, type: field.type, place: `${type.name}.${name}` }));
    fields.set(type, known);
  }
  return known;
}

const tooManyValues = () =>
  badUserInput(`The variables hold more than ${maxVariableValues} values.`, { limit: maxVariableValues });
