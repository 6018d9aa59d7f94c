import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventTypeCatalogue } from '../../src/event-types/payload-validator.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { register } from './registered.ts';

let db: TestDatabase;
let catalogue: EventTypeCatalogue;
beforeAll(async () => {
  db = await createTestDatabase();
  catalogue = new EventTypeCatalogue(db.database);
});
afterAll(async () => {
  await catalogue.close();
  await db.drop();
});

test('a type counts as soon as it is registered', async () => {
  expect(await catalogue.get('fresh.one')).toBeUndefined();
  const registered = await register(db.database, { name: 'fresh.one' });
  expect(await catalogue.get('fresh.one')).toEqual(registered);
});

test('many names are found at once, the unknown left out', async () => {
  await register(db.database, { name: 'many.a' });
  await register(db.database, { name: 'many.b' });
  await catalogue.get('many.a');
  const found = await catalogue.getMany(['many.a', 'many.b', 'many.a', 'many.none', 'nul\u0000']);
  expect([...found.keys()].sort()).toEqual(['many.a', 'many.b']);
});

test('a payload is checked by its type’s schema; without one every payload is good', async () => {
  const strict = await register(db.database, {
    name: 'strict',
    schema: { type: 'object', required: ['id'] },
    example: { id: 1 },
  });
  const lax = await register(db.database, { name: 'lax' });
  const payload = (type: typeof strict, data: unknown) => ({ type, data, text: JSON.stringify(data) });
  expect(
    await catalogue.check('owner', [
      payload(strict, {}),
      payload(strict, { id: 1 }),
      payload(lax, 'anything'),
    ]),
  ).toMatchObject([[{ path: ['id'], code: 'SCHEMA_MISMATCH' }], [], []]);
});

const text = (length: number) => 'a'.repeat(length);
const hostile: readonly [name: string, schema: object, data: unknown][] = [
  ['a pattern that backtracks', { properties: { a: { pattern: '^(a+)+$' } } }, { a: `${text(33)}!` }],
  ['a pattern that backtracks a little', { properties: { a: { pattern: 'a*a*b$' } } }, { a: text(2_500) }],
  [
    'the name of a property that backtracks',
    { patternProperties: { '^(a+)+$': false } },
    { [`${text(33)}!`]: 1 },
  ],
  [
    'many items that have to differ',
    { uniqueItems: true },
    Array.from({ length: 12_000 }, (_, id) => ({ id })),
  ],
  ['rich text', richText(), nested(12)],
];

/** A node matches one of four schemas and has children. A value with one error is tried in four ways at each level. */
function richText(): object {
  const branches = ['a', 'b', 'c', 'd'].map((type) => ({
    type: 'object',
    properties: { children: { type: 'array', items: { $ref: '#' } }, type: { const: type } },
    required: ['type'],
  }));
  return { oneOf: branches };
}

function nested(depth: number): unknown {
  return depth === 0 ? { type: 'd' } : { children: [nested(depth - 1)], type: 'd' };
}

for (const [name, schema, data] of hostile) {
  test(`${name}: the check ends, and the process goes on meanwhile`, async () => {
    const type = await register(db.database, {
      name: `hostile.${name.replaceAll(' ', '-')}`,
      schema,
      example: { type: 'd' },
    });
    // A busy machine may leave this process few turns. Within the process there would never be more than a few.
    let most = 0;
    for (let tries = 0; most <= 10 && tries < 50; tries += 1) {
      let turns = 0;
      let isRunning = true;
      const turn = () => {
        turns += 1;
        if (isRunning) setImmediate(turn);
      };
      turn();
      const [issues] = await catalogue.check('owner', [{ type, data, text: JSON.stringify(data) }]);
      isRunning = false;
      expect(Array.isArray(issues)).toBe(true);
      most = Math.max(most, turns);
    }
    expect(most).toBeGreaterThan(10);
  });
}

test('a check that takes too long is refused, and the next owner’s goes on', async () => {
  // Both branches check every level completely, which is two to the power of the depth.
  const branch = (keyword: string) => ({
    properties: { next: { $ref: '#' }, [keyword]: { const: 1 } },
    unevaluatedProperties: { not: { const: 'never' } },
  });
  const schema = { allOf: [{ anyOf: [branch('x'), branch('y')] }, { anyOf: [branch('y'), branch('x')] }] };
  const type = await register(db.database, { name: 'costly', schema, example: {} });
  let data: object = {};
  for (let depth = 0; depth < 60; depth += 1) data = { next: data };
  const costly = catalogue.check('hostile', [{ type, data, text: JSON.stringify(data) }]);
  const light = await register(db.database, {
    name: 'light',
    schema: { $ref: '#/$defs/a', $defs: { a: {} } },
  });
  expect(await catalogue.check('other', [{ type: light, data: {}, text: '{}' }])).toEqual([[]]);
  expect(await costly).toMatchObject([[{ code: 'TOO_COSTLY' }]]);
});
