import { graphql, parse, subscribe } from 'graphql';
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/graph/builder.ts';
import { affordableLength, shortList } from '../../src/graph/operation-cost.ts';

const open = { permission: 'ANY_CREDENTIAL', description: 'For tests.' } as const;
const capability = { records: [], sideEffects: [], idempotency: 'A read.' };

/** Lists of numbers with the objects that they contain, and the number of objects resolved. */
function createSchema() {
  const builder = createBuilder();
  const seen = { resolved: 0, lengths: [] as number[] };
  const Thing = builder.objectRef<number>('Thing');
  const upTo = (length: number) => Array.from({ length }, (_, index) => index);
  Thing.implement({
    description: 'A number.',
    fields: (t) => ({
      name: t.string({
        description: 'Its name.',
        resolve: (number) => {
          seen.resolved += 1;
          return String(number);
        },
      }),
      parts: t.field({ type: [Thing], description: 'Its parts.', resolve: () => upTo(20) }),
      few: t.field({ type: [Thing], description: 'Few.', complexity: shortList, resolve: () => upTo(20) }),
    }),
  });
  const length = builder.args((t) => ({ length: t.int({ required: true }) }));
  builder.queryField('list', (t) =>
    t.field({
      ...open,
      capability,
      type: [Thing],
      args: length,
      resolve: async (_root, args) => upTo(args.length),
    }),
  );
  builder.mutationField('make', (t) =>
    t.field({
      ...open,
      capability,
      type: [Thing],
      args: length,
      resolve: (_root, args) => upTo(args.length),
    }),
  );
  builder.subscriptionField('batches', (t) =>
    t.field({
      ...open,
      capability,
      type: Thing,
      args: length,
      subscribe: async function* (_root, args, context, info) {
        seen.lengths.push(affordableLength(args.length, info, context));
        yield 1;
      },
      resolve: (number) => number,
    }),
  );
  return { schema: builder.toSchema(), seen };
}

async function ask(source: string) {
  const { schema, seen } = createSchema();
  const actor = { permissions: new Set(), kind: 'USER' };
  const { data, errors } = await graphql({ schema, source, contextValue: { actor } });
  return { data, seen, errors: errors?.map(({ message, originalError }) => [message, originalError]) };
}

test('a list that is longer than it counted as is charged when it is read, before its records are resolved', async () => {
  expect((await ask('{ list(length: 20010) { name } }')).errors).toBeUndefined();
  const { data, errors, seen } = await ask('{ list(length: 20011) { name } }');
  expect(data).toBeNull();
  expect(errors).toMatchObject([
    [expect.stringContaining('could cost 20001'), { extensions: { cost: 20_001 } }],
  ]);
  expect(seen.resolved).toBe(0);
});

test('what is selected counts as often as there are records, lists within lists too', async () => {
  expect((await ask('{ list(length: 310) { parts { name parts { name } } } }')).errors).toMatchObject([
    [expect.stringContaining('could cost 36300'), expect.anything()],
  ]);
  expect((await ask('{ list(length: 100) { few { name few { name } } } }')).errors).toBeUndefined();
});

test('of a short list that is longer a tenth of the rest is charged, so that many within each other are refused', async () => {
  const { errors, seen } = await ask('{ list(length: 2) { few { few { few { few { name } } } } } }');
  expect(errors).toMatchObject([[expect.stringContaining('could cost 200'), expect.anything()]]);
  expect(seen.resolved).toBeLessThan(320_000);
});

test('the lists of one request count together', async () => {
  const two = '{ a: list(length: 11000) { name } b: list(length: 11000) { name } }';
  expect((await ask(two)).errors).toMatchObject([
    [expect.stringContaining('could cost 21980'), expect.anything()],
  ]);
});

test('what a mutation has done is answered, however long', async () => {
  expect((await ask('mutation { make(length: 20011) { name } }')).errors).toBeUndefined();
});

test.each([
  ['{ name }', 1_000],
  ['{ few { name few { name few { name } } } }', 122],
  ['{ few { few { few { name few { name } } } } }', 12],
])('a message of a subscription is as long as its records allow: %s', async (selection, expected) => {
  const { schema, seen } = createSchema();
  const document = parse(`subscription { batches(length: 1000) ${selection} }`);
  const contextValue = { actor: { permissions: new Set(), kind: 'USER' } };
  const stream = await subscribe({ schema, document, contextValue });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  await stream.next();
  await stream.return(undefined);
  expect(seen.lengths).toEqual([expected]);
});
