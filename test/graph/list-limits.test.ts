import {
  type GraphQLArgument,
  type GraphQLInputField,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  parse,
} from 'graphql';
import { expect, test } from 'vitest';
import { refuseOperation } from '../../src/graph/operation-cost.ts';
import { schema } from '../../src/schema.ts';

test('every list that an input takes tells its limit', () => {
  const inputs = Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type): (GraphQLArgument | GraphQLInputField)[] =>
      isInputObjectType(type)
        ? Object.values(type.getFields())
        : isObjectType(type)
          ? Object.values(type.getFields()).flatMap(({ args }) => args)
          : [],
    )
    .filter(({ type }) => isListType(getNullableType(type)));
  expect(inputs.length).toBeGreaterThan(20);
  for (const { name, description } of inputs) expect(description, name).toMatch(/\d/);
});

function refusalOf(text: string, variables: Readonly<Record<string, unknown>>) {
  const document = parse(text);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('No operation.');
  const [error] = refuseOperation({ schema, document, operation, variables, context: {} }) ?? [];
  const original = error?.originalError;
  return original !== undefined && 'code' in Object(original) ? Object(original).code : error?.message;
}

const filtered = (aliases: number) =>
  `query ($filter: DeliveryFilter) { ${Array.from({ length: aliases }, (_, n) => `a${n}: deliveries(first: 1, filter: $filter) { logPosition }`).join(' ')} }`;
const types = (length: number) => ({ filter: { eventType: Array.from({ length }, (_, n) => `type.${n}`) } });

test('a list of a filter that is too long is refused, in a variable and in the document', () => {
  expect(refusalOf(filtered(1), types(101))).toBe('BAD_USER_INPUT');
  expect(refusalOf(filtered(1), types(100))).toBeUndefined();
  const literal = JSON.stringify(types(101).filter.eventType);
  expect(refusalOf(`{ deliveries(first: 1, filter: { eventType: ${literal} }) { logPosition } }`, {})).toBe(
    'BAD_USER_INPUT',
  );
});

test('a variable counts each time that it is used', () => {
  expect(refusalOf(filtered(20), types(100))).toBeUndefined();
  expect(refusalOf(filtered(250), types(100))).toBe('COST_EXCEEDED');
  expect(refusalOf(filtered(250), types(1))).toBeUndefined();
});
