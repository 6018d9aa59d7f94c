import { expect, test } from 'vitest';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { ask } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema, things } = createTestSchema();
const idOf = (index: number) => encodeId('Endpoint', things[index]?.id ?? '');

test('a record is found by its global id', async () => {
  expect(await ask(schema, `{ node(id: "${idOf(3)}") { __typename id ... on Endpoint { name } } }`)).toEqual({
    data: { node: { __typename: 'Endpoint', id: idOf(3), name: 'thing 3' } },
  });
});

test('several records come in the order of their ids, null where there is none', async () => {
  const ids = [idOf(2), encodeId('Endpoint', mintUuid()), 'nonsense', idOf(0), idOf(2)];
  const source = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
  expect(await ask(schema, source, { variables: { ids } })).toEqual({
    data: { nodes: [{ id: idOf(2) }, null, null, { id: idOf(0) }, { id: idOf(2) }] },
  });
});

test('an id that is malformed, unknown or of a type without records is null, never an error', async () => {
  const ids = ['', '_', 'ep_', 'ep_!', `ep_${'z'.repeat(26)}`, 'xx_01h455vb4pex5vsknk084sn02q', '__proto__', '💥',
    encodeId('Delivery', mintUuid()), 'ep'.repeat(50_000), String(Number.MAX_VALUE)]; // biome-ignore format: a list
  for (const id of ids) {
    expect(await ask(schema, 'query ($id: ID!) { node(id: $id) { id } }', { variables: { id } })).toEqual({
      data: { node: null },
    });
  }
});

test('the permission is that of the typed field; others of the same call are answered', async () => {
  expect(await ask(schema, `{ node(id: "${idOf(0)}") { id } }`, { as: 'poor' })).toEqual({
    data: { node: null },
    errors: ['FORBIDDEN at node: This needs the permission MANAGE_WEBHOOKS.'],
  });
  expect(await ask(schema, `{ nodes(ids: ["nonsense", "${idOf(0)}"]) { id } }`, { as: 'poor' })).toEqual({
    data: { nodes: [null, null] },
    errors: ['FORBIDDEN at nodes.1: This needs the permission MANAGE_WEBHOOKS.'],
  });
});

test('a call takes at most 100 ids', async () => {
  const source = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
  const { errors } = await ask(schema, source, { variables: { ids: Array(101).fill(idOf(0)) } });
  expect(errors).toEqual(['BAD_USER_INPUT at nodes: `ids` can have at most 100 ids.']);
});
