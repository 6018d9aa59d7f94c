import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { refuseSharedHeader } from '../../src/idempotency/refuse-shared-header.graph.ts';

const schema = buildSchema(`
  type Query { a: Int }
  input KeyedInput { idempotencyKey: String }
  input PlainInput { id: ID }
  type Mutation { create(input: KeyedInput!): Int rotate(input: KeyedInput!): Int revoke(input: PlainInput!): Int }
`);
const refuse = (source: string, operationName?: string) =>
  refuseSharedHeader({ schema, document: parse(source), operationName });

test.each([
  '{ a }',
  'mutation { create(input: {}) }',
  'mutation { create(input: {}) revoke(input: {}) again: revoke(input: {}) }',
  'mutation { unknown }',
])('the header may come with %s', (source) => {
  expect(refuse(source)).toBeUndefined();
});

test('only the operation that is asked for counts', () => {
  const source = 'mutation One { create(input: {}) } mutation Two { create(input: {}) rotate(input: {}) }';
  expect(refuse(source, 'One')).toBeUndefined();
  expect(() => refuse(source, 'Two')).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
});

test.each([
  'mutation { create(input: {}) rotate(input: {}) }',
  'mutation { one: create(input: {}) other: create(input: {}) }',
  'mutation { create(input: {}) ... on Mutation { rotate(input: {}) } }',
  'mutation { create(input: {}) ...more } fragment more on Mutation { ...evenMore } fragment evenMore on Mutation { rotate(input: {}) }',
])('the header is refused with %s', (source) => {
  expect(() => refuse(source)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
});
