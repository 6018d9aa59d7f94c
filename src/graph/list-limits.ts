import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql';
import { badUserInput } from '../errors.ts';

/** Filters search for each entry. */
const filterLimit = 100;
/** The limit for all other lists. Most have a smaller limit of their own, with their own error. */
const usualLimit = 1_000;
/** Publishing more than 1,000 events is a LimitExceededError. */
const limits: Readonly<Record<string, number>> = {
  'PublishEventsInput.events': 10_000,
  'events.type': filterLimit,
};

/** The limit for the entries of a list, given as `InputType.field` or `field.argument`. */
export function listLimitOf(place: string): number {
  return limits[place] ?? (/Filter\./.test(place) ? filterLimit : usualLimit);
}

export const listTooLong = (place: string, length: number) =>
  badUserInput(
    `The list \`${place.replace(/^.*\./, '')}\` can have at most ${listLimitOf(place)} entries; it has ${length}.`,
    { limit: listLimitOf(place) },
  );

/** Adds the limit of each list in an input to its description. */
export function describeListLimits(schema: GraphQLSchema): void {
  const note = (place: string, input: GraphQLArgument | GraphQLInputField) => {
    if (!isListType(getNullableType(input.type)) || place === 'PublishEventsInput.events') return;
    input.description =
      `${input.description ?? ''} More than ${listLimitOf(place).toLocaleString('en')} entries are BAD_USER_INPUT.`.trim();
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) note(`${type.name}.${field.name}`, field);
    } else if (isObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        for (const argument of field.args) note(`${field.name}.${argument.name}`, argument);
    }
  }
}

/**
 * Counts the entries of the lists in a field's arguments, so that they add to its cost. A variable counts each time
 * it is used. Throws BAD_USER_INPUT for a list that is too long.
 */
export function countListEntries(
  field: string,
  definitions: readonly GraphQLArgument[],
  given: Readonly<Record<string, unknown>>,
): number {
  let entries = 0;

  function count(value: unknown, type: GraphQLInputType, place: string): void {
    const nullable = getNullableType(type);
    if (isListType(nullable) && Array.isArray(value)) {
      const limit = listLimitOf(place);
      if (value.length > limit) {
        throw listTooLong(place, value.length);
      }
      entries += value.length;
      for (const item of value) count(item, nullable.ofType, place);
    } else if (isInputObjectType(nullable) && typeof value === 'object' && value !== null) {
      for (const { name, type: inner } of Object.values(nullable.getFields())) {
        const item: unknown = Reflect.get(value, name);
        if (item !== undefined) count(item, inner, `${nullable.name}.${name}`);
      }
    }
  }

  for (const { name, type } of definitions) {
    if (given[name] !== undefined) count(given[name], type, `${field}.${name}`);
  }
  return entries;
}
