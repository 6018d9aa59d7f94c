import { expect, test } from 'vitest';
import { createBuilder } from '../../src/graph/builder.ts';
import { ask, listen } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema, seen, ticks, things } = createTestSchema();
const capability = { records: [], sideEffects: [], idempotency: 'A read.' };

test('a root field without a permission fails the build of the schema', () => {
  const builder = createBuilder();
  // @ts-expect-error TS2345: the types already refuse this.
  builder.queryField('open', (t) => t.boolean({ capability, resolve: () => true }));
  expect(() => builder.toSchema()).toThrow('Query.open declares no permission');
});

test('a root field that tells the inventory nothing fails the build of the schema', () => {
  const builder = createBuilder();
  // @ts-expect-error TS2345: the types already refuse this.
  builder.queryField('silent', (t) => t.boolean({ permission: 'ANY_CREDENTIAL', resolve: () => true }));
  expect(() => builder.toSchema()).toThrow('Query.silent declares no capability');
});

test('without a credential no root field answers', async () => {
  for (const source of [
    '{ hello }',
    '{ things { nodes { id } } }',
    '{ forUsers }',
    '{ node(id: "x") { id } }',
  ]) {
    const { data, errors } = await ask(schema, source, { as: 'nobody' });
    expect(errors).toEqual([expect.stringMatching(/^UNAUTHENTICATED at /)]);
    expect(Object.values(data ?? { none: null })).toEqual([null]);
  }
});

test('a caller without the permission gets its name in the error, and the resolver never runs', async () => {
  const before = seen.resolved;
  expect(await ask(schema, '{ things { nodes { id } } }', { as: 'poor' })).toEqual({
    data: null,
    errors: ['FORBIDDEN at things: This needs the permission MANAGE_WEBHOOKS.'],
  });
  expect(seen.resolved).toBe(before);
});

test('a refusal is a top-level error, not a member of the result union, and comes before the input is judged', async () => {
  const source = 'mutation { renameThing(input: { id: "x", name: "" }) { __typename } }';
  expect(await ask(schema, source, { as: 'poor' })).toEqual({
    data: null,
    errors: ['FORBIDDEN at renameThing: This needs the permission MANAGE_WEBHOOKS.'],
  });
  expect(await ask(schema, source)).toEqual({ data: { renameThing: { __typename: 'ValidationError' } } });
});

test('a door for apps lets in the app where its token holds the permission, and users who may be members', async () => {
  const answers = async (source: string) => ({
    full: (await ask(schema, source, { as: 'full' })).errors === undefined,
    poor: (await ask(schema, source, { as: 'poor' })).errors === undefined,
    app: (await ask(schema, source, { as: 'app' })).errors === undefined,
    user: (await ask(schema, source, { as: 'user' })).errors === undefined,
    stranger: (await ask(schema, source, { as: 'stranger' })).errors === undefined,
  });
  expect(await answers('{ forApps }')).toEqual({
    full: true,
    poor: false,
    app: true,
    user: true,
    stranger: false,
  });
  expect(await answers('{ forAppOwners }')).toEqual({
    full: false,
    poor: false,
    app: false,
    user: true,
    stranger: false,
  });
  expect(await answers('{ forUsers }')).toEqual({
    full: false,
    poor: false,
    app: false,
    user: true,
    stranger: false,
  });
});

test('a subscription is refused before its source is made', async () => {
  const before = ticks.opened;
  const { refusal } = await listen(schema, 'subscription { ticks }', { as: 'poor' });
  expect(refusal?.errors).toEqual(['FORBIDDEN at ticks: This needs the permission MANAGE_WEBHOOKS.']);
  expect(ticks.opened).toBe(before);
});

test('each event of a subscription is asked for anew', async () => {
  const ending = new AbortController();
  const { next } = await listen(schema, 'subscription { ticks(to: 3) }', { grantSignal: ending.signal });
  expect(await next?.()).toEqual({ data: { ticks: 1 } });
  ending.abort(new Error('gone'));
  expect((await next?.())?.data).toBeNull();
});

test('nothing that one event loaded is remembered for the next', async () => {
  const { next } = await listen(schema, 'subscription { names }');
  seen.loads.length = 0;
  await next?.();
  await next?.();
  expect(seen.loads).toEqual([['the same'], ['the same']]);
});

test('loads of one request are gathered and remembered', async () => {
  seen.loads.length = 0;
  await ask(schema, '{ a: name(key: "1") b: name(key: "2") c: name(key: "1") }');
  expect(seen.loads).toEqual([['1', '2']]);
  expect(things).toHaveLength(150);
});
