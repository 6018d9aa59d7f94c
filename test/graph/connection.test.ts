import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema, things } = createTestSchema();

test('a page has nodes, edges with cursors, and says whether there is more', async () => {
  const source =
    '{ things(first: 2) { nodes { name } edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';
  const { data } = await ask(schema, source);
  const [first, second] = data.things.edges;
  expect(data.things).toEqual({
    nodes: [{ name: 'thing 0' }, { name: 'thing 1' }],
    edges: [
      { cursor: first.cursor, node: { name: 'thing 0' } },
      { cursor: second.cursor, node: { name: 'thing 1' } },
    ],
    pageInfo: {
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: first.cursor,
      endCursor: second.cursor,
    },
  });
});

test('cursors lead through the whole list, each record once', async () => {
  const names: string[] = [];
  let after: string | null = null;
  do {
    const source: string = `{ things(first: 40${after === null ? '' : `, after: "${after}"`}) { nodes { name } pageInfo { hasNextPage endCursor } } }`;
    const { data } = await ask(schema, source);
    names.push(...data.things.nodes.map(({ name }: { name: string }) => name));
    after = data.things.pageInfo.hasNextPage ? data.things.pageInfo.endCursor : null;
  } while (after !== null);
  expect(names).toEqual(things.map(({ name }) => name));
});

test('20 records by default', async () => {
  expect((await ask(schema, '{ things { nodes { name } } }')).data.things.nodes).toHaveLength(20);
});

test('an empty page has no cursors', async () => {
  expect(
    (await ask(schema, '{ things(first: 0) { pageInfo { startCursor endCursor } } }')).data.things,
  ).toEqual({
    pageInfo: { startCursor: null, endCursor: null },
  });
});

test('a bad size or cursor is the caller’s error, which names the limit', async () => {
  const errorsOf = async (args: string) => (await ask(schema, `{ things(${args}) { nodes { id } } }`)).errors;
  expect(await errorsOf('first: 101')).toEqual([
    'BAD_USER_INPUT at things: `first` must be from 0 to 100; it was 101.',
  ]);
  expect(await errorsOf('last: -1')).toEqual([
    'BAD_USER_INPUT at things: `last` must be from 0 to 100; it was -1.',
  ]);
  expect(await errorsOf('first: 1, last: 1')).toEqual([
    'BAD_USER_INPUT at things: Give `first` or `last`, not both.',
  ]);
  expect(await errorsOf('after: "nonsense"')).toEqual([
    'BAD_USER_INPUT at things: `after` is not a cursor of this list.',
  ]);
});
