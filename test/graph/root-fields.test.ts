import type { GraphQLField } from 'graphql';
import { describe, expect, test } from 'vitest';
import { declaredBy } from '../../src/graph/permission-plugin.ts';
import { schema } from '../../src/schema.ts';

const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
const rootFields = roots.flatMap((type) =>
  Object.values(type?.getFields() ?? {}).map((field) => ({ name: `${type?.name}.${field.name}`, field })),
);

/** Calls it like the executor would, without a credential. The context contains nothing else. */
function callAsNobody(field: GraphQLField<unknown, unknown>): unknown {
  const act: unknown = field.subscribe ?? field.resolve;
  if (typeof act !== 'function') throw new Error('It has neither a resolver nor a source.');
  return act({}, {}, { actor: undefined }, {});
}

describe.each(rootFields)('$name', ({ field }) => {
  test('declares who may ask, and what it does', () => {
    const { permission, capability } = declaredBy(field.extensions.pothosOptions);
    expect(permission).toBeDefined();
    expect(capability?.idempotency).not.toBe('');
    expect(capability?.records.length).toBeGreaterThan(0);
  });

  test('refuses before it does anything where there is no credential', () => {
    expect(() => callAsNobody(field)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });
});

test('every type, field, argument and enum value is described', () => {
  const bare: string[] = [];
  const look = (name: string, { description }: { description?: string | null | undefined }) => {
    if (description == null || description.trim() === '') bare.push(name);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    look(type.name, type);
    if ('getValues' in type) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value);
    if (!('getFields' in type)) continue;
    for (const field of Object.values(type.getFields())) {
      look(`${type.name}.${field.name}`, field);
      for (const argument of 'args' in field ? field.args : [])
        look(`${type.name}.${field.name}(${argument.name})`, argument);
    }
  }
  expect(bare).toEqual([]);
});
