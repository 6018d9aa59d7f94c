import { type DocumentNode, getIntrospectionQuery, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { RequestError } from '../../src/errors.ts';
import { refuseOperation } from '../../src/graph/operation-cost.ts';
import { createTestSchema } from './test-schema.ts';

const { schema } = createTestSchema();

function refusal(source: string | DocumentNode, variables: Record<string, unknown> = {}) {
  const document = typeof source === 'string' ? parse(source) : source;
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('There is one.');
  const errors = refuseOperation({ schema, document, operation, variables, context: {} });
  return errors?.map(({ originalError, message }) =>
    originalError instanceof RequestError ? originalError.extensions : message,
  );
}

test('a page costs its size times what one record costs', () => {
  expect(
    refusal('{ things(first: 100) { nodes { id name things(first: 20) { nodes { id name } } } } }'),
  ).toBeUndefined();
  expect(refusal('{ things(first: 100) { nodes { things(first: 100) { nodes { id name } } } } }')).toEqual([
    { cost: 20_101, limit: 20_000 },
  ]);
});

const threeDeep = `query ($n: Int) {
  things(first: $n) { nodes { things(first: $n) { nodes { things(first: $n) { nodes { id } } } } } }
}`;

test('sizes count in variables, too', () => {
  expect(refusal(threeDeep, { n: 10 })).toBeUndefined();
  expect(refusal(threeDeep, { n: 50 })).toMatchObject([{ limit: 20_000 }]);
});

test('a document that is used again is counted by the variables of each use', () => {
  const document = parse(threeDeep);
  for (const n of [50, 10, 50]) expect(refusal(document, { n })?.length).toBe(n === 50 ? 1 : undefined);
  const inFragments =
    parse(`query ($n: Int) { a: things(first: 10) { ...page } b: things(first: 10) { ...page } }
    fragment page on EndpointConnection { nodes { id ...inner } }
    fragment inner on Endpoint { things(first: $n) { nodes { things(first: $n) { nodes { id } } } } }`);
  for (const n of [5, 90, 5]) expect(refusal(inFragments, { n })?.length).toBe(n === 90 ? 1 : undefined);
});

test('a size that is not allowed counts as the largest', () => {
  for (const n of [2_000_000_000, -5]) expect(refusal(threeDeep, { n })).toMatchObject([{ limit: 20_000 }]);
});

test('variables that do not fit are refused here, a few of them told', () => {
  expect(refusal(threeDeep, { n: 'x' })).toEqual([
    'Variable "$n" got invalid value; Int cannot represent non-integer value.',
  ]);
  const source = 'query ($v: [String!]) { echo(list: $v) }';
  expect(refusal(source, { v: Array(15_000).fill(0) })).toHaveLength(21);
});

test('fragments that double themselves cost what they would, and do not take for ever', () => {
  const spread = Array.from(
    { length: 100 },
    (_, n) => `fragment f${n} on Endpoint { ...f${n + 1} ...f${n + 1} }`,
  );
  const source = `{ things { nodes { ...f0 } } } ${spread.join(' ')} fragment f100 on Endpoint { id }`;
  expect(refusal(source)).toEqual([{ cost: Number.MAX_SAFE_INTEGER, limit: 20_000 }]);
});

test('an argument whose variable is missing is the executor’s to refuse', () => {
  expect(refusal('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [] })).toBeUndefined();
});

test('the schema itself has its price, which every tool pays once', () => {
  expect(refusal(getIntrospectionQuery())).toBeUndefined();
  const names = (count: number) =>
    Array.from({ length: count }, (_, n) => `a${n}: __schema { types { name } }`);
  expect(refusal(`{ ${names(4).join(' ')} }`)).toBeUndefined();
  expect(refusal(`{ ${names(5).join(' ')} }`)).toEqual([{ cost: 25_000, limit: 20_000 }]);
  expect(refusal('{ __type(name: "Query") { name } __typename }')).toBeUndefined();
});
