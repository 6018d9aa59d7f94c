import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { refuseCostlyOperation } from '../../src/graph/operation-cost.ts';
import { createTestSchema } from './test-schema.ts';

const { schema } = createTestSchema();

function refusal(source: string, variables: Record<string, unknown> = {}) {
  const document = parse(source);
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('There is one.');
  return refuseCostlyOperation({ schema, document, operation, variables, context: {} })?.extensions;
}

test('a page costs its size times what one record costs', () => {
  expect(
    refusal('{ things(first: 100) { nodes { id name things(first: 20) { nodes { id name } } } } }'),
  ).toBeUndefined();
  expect(refusal('{ things(first: 100) { nodes { things(first: 100) { nodes { id name } } } } }')).toEqual({
    cost: 20_101,
    limit: 20_000,
  });
});

const threeDeep = `query ($n: Int) {
  things(first: $n) { nodes { things(first: $n) { nodes { things(first: $n) { nodes { id } } } } } }
}`;

test('sizes count in variables, too', () => {
  expect(refusal(threeDeep, { n: 10 })).toBeUndefined();
  expect(refusal(threeDeep, { n: 50 })).toMatchObject({ limit: 20_000 });
});

test('a size that is not allowed counts as the largest', () => {
  for (const n of [2_000_000_000, -5]) expect(refusal(threeDeep, { n })).toMatchObject({ limit: 20_000 });
});

test('variables that do not fit are the executor’s to refuse', () => {
  expect(refusal(threeDeep, { n: 'x' })).toBeUndefined();
});
