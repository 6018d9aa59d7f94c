import { PothosValidationError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { pageRange, readPage } from '../../src/db/keyset.ts';
import { badUserInput, ConflictError, NotFoundError, ValidationError } from '../../src/errors.ts';
import { createBuilder } from '../../src/graph/builder.ts';
import { connection, pageArgs, pageCost } from '../../src/graph/connection.ts';
import { loader } from '../../src/graph/loader.ts';
import { node } from '../../src/graph/node.ts';
import { mutation } from '../../src/graph/result.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { Ticks } from './ticks.ts';

type Thing = { id: string; name: string };

/** A small schema that is built like those of the rooms, and a record of what it did. */
export function createTestSchema() {
  const builder = createBuilder();
  const things: Thing[] = Array.from({ length: 150 }, (_, index) => ({
    id: mintUuid(),
    name: `thing ${index}`,
  }));
  const ticks = new Ticks();
  const seen = { resolved: 0, loads: [] as string[][] };
  /** The field `waits` waits for this. */
  const gate: { isWaiting: boolean; open(): void } = { isWaiting: false, open() {} };
  const capability = { records: ['Thing'], sideEffects: [], idempotency: 'A read.' };

  const ThingRef = builder.objectRef<Thing>('Endpoint');
  node(builder, ThingRef, {
    description: 'A thing.',
    permission: 'MANAGE_WEBHOOKS',
    id: (row) => encodeId('Endpoint', row.id),
    load: async (keys) => keys.map((key) => things.find(({ id }) => id === key)),
    fields: (t) => ({ name: t.exposeString('name', { description: 'Its name.' }) }),
  });
  const Things = connection<Thing>(builder, { type: ThingRef, cursorOf: ({ id }) => id });

  const list = (args: Parameters<typeof pageRange>[0]) => {
    seen.resolved += 1;
    return readPage(pageRange(args, { kind: 'Endpoint' }), async (range) => {
      const start = range.after === undefined ? 0 : things.findIndex(({ id }) => id === range.after) + 1;
      return things.slice(start, start + range.limit);
    });
  };
  builder.objectField(ThingRef, 'things', (t) =>
    t.field({
      type: Things,
      description: 'Things within things.',
      args: pageArgs(t.arg),
      complexity: pageCost,
      resolve: (_thing, args) => list(args),
    }),
  );

  const nameOf = loader<string, string>(async (keys) => {
    seen.loads.push([...keys]);
    return keys.map((key) => `name of ${key}`);
  });

  const any = { permission: 'ANY_CREDENTIAL', capability, description: 'For tests.' } as const;
  const guarded = { permission: 'MANAGE_WEBHOOKS', capability, description: 'For tests.' } as const;

  builder.queryFields((t) => ({
    hello: t.string({ ...any, resolve: (_root, _args, { actor }) => `hello ${actor?.label}` }),
    things: t.field({
      ...guarded,
      type: Things,
      args: pageArgs(t.arg),
      complexity: pageCost,
      resolve: (_root, args) => list(args),
    }),
    forApps: t.boolean({
      ...any,
      permission: { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' },
      resolve: () => true,
    }),
    forAppOwners: t.boolean({ ...any, permission: { app: 'ROTATE_SECRETS' }, resolve: () => true }),
    forUsers: t.boolean({ ...any, permission: { user: true }, resolve: () => true }),
    name: t.string({
      ...any,
      args: { key: t.arg.string({ required: true }) },
      resolve: (_root, { key }, context) => nameOf(context).load(key),
    }),
    waits: t.boolean({
      ...any,
      resolve: () =>
        new Promise<boolean>((resolve) => {
          gate.isWaiting = true;
          gate.open = () => resolve(true);
        }),
    }),
    waitsForThing: t.field({
      ...any,
      type: ThingRef,
      nullable: true,
      resolve: () =>
        new Promise<Thing | undefined>((resolve) => {
          gate.isWaiting = true;
          gate.open = () => resolve(things[0]);
        }),
    }),
    echo: t.field({
      ...any,
      type: 'JSON',
      nullable: true,
      args: {
        json: t.arg({ type: 'JSON' }),
        at: t.arg({ type: 'DateTime' }),
        count: t.arg({ type: 'SafeInt' }),
        list: t.arg.stringList(),
      },
      resolve: (_root, { json, at, count }) => json ?? at?.toISOString() ?? count ?? null,
    }),
    fails: t.string({
      ...any,
      nullable: true,
      args: { how: t.arg.string({ required: true }) },
      resolve: (_root, { how }) => {
        if (how === 'domain') throw new ConflictError('It is in use.');
        if (how === 'request') throw badUserInput('`x` is wrong.', { argument: 'x' });
        if (how === 'graphql') throw new GraphQLError('password hunter2');
        if (how === 'pothos') throw new PothosValidationError('password hunter2');
        if (how === 'wrapped') throw new GraphQLError('x', { originalError: new Error('password hunter2') });
        throw new Error('connect ECONNREFUSED 10.1.2.3 password hunter2');
      },
    }),
  }));

  mutation(builder, 'renameThing', {
    description: 'Renames a thing.',
    permission: 'MANAGE_WEBHOOKS',
    capability: { records: ['Thing'], sideEffects: [], idempotency: 'The same name again changes nothing.' },
    input: (t) => ({
      id: t.id({ required: true, description: 'Which.' }),
      name: t.string({ required: true, description: 'Its new name.' }),
    }),
    payload: { thing: { type: ThingRef, description: 'As it is now.' } },
    errors: [NotFoundError, ValidationError],
    resolve({ id, name }) {
      seen.resolved += 1;
      if (name === '')
        throw new ValidationError([{ path: ['name'], code: 'EMPTY', message: 'A name has a letter.' }]);
      if (name === 'taken') throw new ConflictError('Taken.');
      if (name === 'crash') throw new Error('password hunter2');
      const thing = things.find((known) => encodeId('Endpoint', known.id) === id);
      if (thing === undefined) throw new NotFoundError(id);
      thing.name = name;
      return { thing };
    },
  });

  builder.subscriptionFields((t) => ({
    ticks: t.field({
      ...guarded,
      type: 'SafeInt',
      description: 'Counts, as fast as it is read or as the test says.',
      args: { to: t.arg.int(), bytes: t.arg.int() },
      subscribe: (_root, { to }, context) => ticks.subscribe(to ?? Number.POSITIVE_INFINITY, context),
      resolve: (tick: number) => tick,
    }),
    names: t.string({
      ...guarded,
      subscribe: (_root, _args, context) => ticks.subscribe(3, context),
      resolve: (_tick: number, _args, context) => nameOf(context).load('the same'),
    }),
    bulk: t.string({
      ...guarded,
      subscribe: (_root, _args, context) => ticks.subscribe(Number.POSITIVE_INFINITY, context),
      resolve: (tick: number) => `${tick} `.padEnd(16_384, 'x'),
    }),
    breaks: t.field({
      ...guarded,
      type: 'SafeInt',
      async *subscribe() {
        yield 1;
        throw new Error('password hunter2');
      },
      resolve: (tick: number) => tick,
    }),
    covers: t.field({
      ...guarded,
      type: 'SafeInt',
      description: 'Tells how far it is, and says nothing.',
      subscribe: (_root, _args, context) => {
        context.progress?.onCovered?.(7);
        return ticks.subscribe(0, context, { hangs: true });
      },
      resolve: (tick: number) => tick,
    }),
    few: t.field({
      ...guarded,
      type: 'SafeInt',
      description: 'Two, and then silence.',
      subscribe: (_root, _args, context) => ticks.subscribe(2, context, { hangs: true }),
      resolve: (tick: number) => tick,
    }),
    silence: t.field({
      ...guarded,
      type: 'SafeInt',
      subscribe: (_root, _args, context) => ticks.subscribe(0, context, { hangs: true }),
      resolve: (tick: number) => tick,
    }),
  }));

  return { schema: builder.toSchema(), things, ticks, seen, gate };
}
