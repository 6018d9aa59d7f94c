import { printType } from 'graphql';
import { expect, test } from 'vitest';
import { encodeId } from '../../src/ids.ts';
import { ask } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema, things } = createTestSchema();
const id = encodeId('Endpoint', things[0]?.id ?? '');

const rename = (input: { id: string; name: string }) =>
  ask(
    schema,
    `mutation ($input: RenameThingInput!) {
      renameThing(input: $input) {
        __typename
        ... on RenameThingPayload { thing { name } }
        ... on Error { code message }
        ... on NotFoundError { missingId }
        ... on ValidationError { issues { path code message } }
      }
    }`,
    { variables: { input } },
  );

test('success is the payload', async () => {
  expect(await rename({ id, name: 'new' })).toEqual({
    data: { renameThing: { __typename: 'RenameThingPayload', thing: { name: 'new' } } },
  });
});

test('a listed error is a member of the union, with its own fields', async () => {
  expect((await rename({ id: 'ep_x', name: 'new' })).data.renameThing).toEqual({
    __typename: 'NotFoundError',
    code: 'NOT_FOUND',
    message: 'There is no such record.',
    missingId: 'ep_x',
  });
  expect((await rename({ id, name: '' })).data.renameThing).toEqual({
    __typename: 'ValidationError',
    code: 'VALIDATION_FAILED',
    message: 'A name has a letter.',
    issues: [{ path: ['name'], code: 'EMPTY', message: 'A name has a letter.' }],
  });
});

test('an expected error that is not listed leaves at the top with its code', async () => {
  expect(await rename({ id, name: 'taken' })).toEqual({
    data: null,
    errors: ['CONFLICT at renameThing: Taken.'],
  });
});

test('a fault of ours is never a member of the union', async () => {
  expect(await rename({ id, name: 'crash' })).toEqual({
    data: null,
    errors: ['INTERNAL at renameThing: An internal error happened.'],
  });
});

test('the types take their names from the mutation', () => {
  const field = schema.getMutationType()?.getFields().renameThing;
  expect(String(field?.type)).toBe('RenameThingResult!');
  const union = schema.getType('RenameThingResult');
  expect(union && printType(union)).toContain(
    'union RenameThingResult = NotFoundError | RenameThingPayload | ValidationError',
  );
});

test('every element of a schema has a description', () => {
  const bare: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (!type.description) bare.push(type.name);
    if (!('getFields' in type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.description) bare.push(`${type.name}.${field.name}`);
    }
  }
  expect(bare.filter((name) => !/^(Query|Subscription)\./.test(name))).toEqual([]);
});
