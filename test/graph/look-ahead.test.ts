import { Kind, parse } from 'graphql';
import { expect, test } from 'vitest';
import { askedOfRecords } from '../../src/graph/look-ahead.ts';

/** Whether the list in this document asks its records for `endpoint`. */
function asks(text: string): boolean {
  const { definitions } = parse(text);
  const [operation] = definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION)
    throw new Error('The first definition is the operation.');
  const fragments = Object.fromEntries(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  );
  const fieldNodes = operation.selectionSet.selections.flatMap((one) =>
    one.kind === Kind.FIELD ? [one] : [],
  );
  return askedOfRecords({ fieldNodes, fragments }).has('endpoint');
}

test('finds a field of the records below nodes and below edges', () => {
  expect(asks('{ list { nodes { id endpoint { id } } } }')).toBe(true);
  expect(asks('{ list { edges { cursor node { other: endpoint { id } } } } }')).toBe(true);
});

test('finds it in fragments on the way', () => {
  expect(
    asks(
      '{ list { ...Page } } fragment Page on C { nodes { ... { ...Row } } } fragment Row on D { endpoint { id } }',
    ),
  ).toBe(true);
});

test('finds it in a list that is selected twice', () => {
  expect(asks('{ list { pageInfo { endCursor } } list { nodes { endpoint { id } } } }')).toBe(true);
});

test('does not take another field of that name for it', () => {
  expect(asks('{ list { endpoint nodes { id attempts { endpoint } } edges { endpoint { id } } } }')).toBe(
    false,
  );
});
