import { expect, test } from 'vitest';
import { compileSchema, UnusableSchemaError } from '../../src/event-types/payload-schema.ts';

test('the issue is the first place that breaks the schema, with a path from the payload’s root', () => {
  const validate = compileSchema({
    type: 'object',
    required: ['id'],
    additionalProperties: false,
    properties: {
      id: { type: 'string' },
      at: { type: 'string', format: 'date-time' },
      'a/b': { type: 'array', items: { type: 'integer', minimum: 0 } },
    },
  });
  expect(validate({ id: 'x', at: '2026-01-01T00:00:00Z', 'a/b': [1] })).toEqual([]);
  const pathsOf = (data: object) => validate(data).map(({ path }) => path);
  expect(pathsOf({ at: 'yesterday', 'a/b': [1, -1], extra: true })).toEqual([['id']]);
  expect(pathsOf({ id: 'x', at: 'yesterday' })).toEqual([['at']]);
  expect(pathsOf({ id: 'x', 'a/b': [1, -1] })).toEqual([['a/b', '1']]);
  expect(pathsOf({ id: 'x', extra: true })).toEqual([['extra']]);
  expect(validate({})[0]).toMatchObject({
    code: 'SCHEMA_MISMATCH',
    message: expect.stringContaining('required'),
  });
});

test('a payload with a thousand errors gets one issue', () => {
  const validate = compileSchema({ type: 'array', items: { type: 'string' } });
  expect(validate(Array(1000).fill(1))).toHaveLength(1);
});

test('a payload is never changed', () => {
  const validate = compileSchema({ type: 'object', properties: { a: { type: 'integer', default: 1 } } });
  const data = {};
  expect(validate(data)).toEqual([]);
  expect(data).toEqual({});
  expect(validate({ a: '1' })).toHaveLength(1);
});

test('properties that every object inherits do not count as given', () => {
  expect(compileSchema({ type: 'object', required: ['toString'] })({})).toHaveLength(1);
});

test('true allows everything, false nothing', () => {
  expect(compileSchema(true)({ any: 1 })).toEqual([]);
  expect(compileSchema(false)({ any: 1 })).toHaveLength(1);
});

test('two types may use one $id, and refer within themselves', () => {
  const schema = (type: string) => ({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://example.com/thing',
    $ref: '#/$defs/it',
    $defs: { it: { type } },
  });
  const [string, integer] = [compileSchema(schema('string')), compileSchema(schema('integer'))];
  expect([string('x'), integer(1)]).toEqual([[], []]);
  expect([string(1), integer('x')]).toEqual([[expect.anything()], [expect.anything()]]);
});

test('keywords that the standard does not know are annotations', () => {
  expect(compileSchema({ type: 'string', 'x-note': 1, format: 'unheard-of' })('x')).toEqual([]);
});

test.each<[string, unknown]>([
  ['no schema at all', 'string'],
  ['a list', []],
  ['null', null],
  ['an unknown type', { type: 'text' }],
  ['a keyword with the wrong value', { required: 'id' }],
  ['a pattern that is none', { type: 'string', pattern: '(' }],
  ['a reference to elsewhere', { $ref: 'https://example.com/other.json' }],
  ['a reference to nothing', { $ref: '#/$defs/none' }],
  ['another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }],
  ['a check that is asynchronous', { $async: true, type: 'object' }],
  ['a reference to itself', { $ref: '#' }],
  [
    'a reference to itself by way of others',
    { $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
  ],
  ['looking ahead', { pattern: '(?=a)b' }],
  ['a reference back to a group', { pattern: '(a)\\1' }],
  ['draft 7', { $schema: 'http://json-schema.org/draft-07/schema#' }],
  ['one that is asynchronous inside', { $ref: '#/$defs/a', $defs: { a: { $async: true } } }],
  ['more than 64 KiB', { description: 'x'.repeat(65_536) }],
  ['a nesting too deep', nested(10_000)],
])('%s cannot be used', (_name, schema) => {
  expect(() => compileSchema(schema)).toThrow(UnusableSchemaError);
});

test('a schema that could not be used leaves nothing behind', () => {
  const id = 'https://example.com/broken';
  expect(() => compileSchema({ $id: id, type: 'text' })).toThrow(UnusableSchemaError);
  expect(compileSchema({ $id: id, type: 'string' })('x')).toEqual([]);
});

function nested(levels: number): unknown {
  let schema: unknown = true;
  for (let level = 0; level < levels; level += 1) schema = { not: schema };
  return schema;
}

test('a schema refers to itself by #, by its $id and by an anchor', () => {
  const tree = { type: 'object', properties: { children: { type: 'array', items: { $ref: '#' } } } };
  const byId = { ...tree, $id: 'https://example.com/tree' };
  const schemas = [
    tree,
    { ...byId, properties: { children: { items: { $ref: 'https://example.com/tree' } } } },
    { ...tree, $anchor: 'node', properties: { children: { items: { $ref: '#node' } } } },
  ];
  for (const validate of schemas.map(compileSchema)) {
    expect(validate({ children: [{ children: [] }, {}] })).toEqual([]);
    expect(validate({ children: [{ children: [1] }] })).toHaveLength(1);
  }
});

test.each([
  [19.99, 0.01],
  [4.35, 0.01],
  [0.07, 0.01],
  [1e-7, 1e-7],
  [3e-7, 1e-7],
  [1e300, 1e-300],
  [-2.5, 0.5],
  [0, 3],
  [9, 3],
])('%d is a multiple of %d', (value, multipleOf) => {
  expect(compileSchema({ multipleOf })(value)).toEqual([]);
});

test.each([
  [19.995, 0.01],
  [1e-8, 1e-7],
  [10, 3],
])('%d is no multiple of %d', (value, multipleOf) => {
  expect(compileSchema({ multipleOf })(value)).toHaveLength(1);
});

test('items are unique by their value, whatever the order of their keys', () => {
  const validate = compileSchema({ uniqueItems: true });
  expect(
    validate([
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]),
  ).toHaveLength(1);
  expect(validate([1, '1', [1], { 1: 1 }, null, true])).toEqual([]);
  expect(
    validate([
      [1, 2],
      [2, 1],
    ]),
  ).toEqual([]);
  expect(compileSchema({ uniqueItems: false })([1, 1])).toEqual([]);
});

test.each([
  ['^\\-\\_$', '-_', 'x'],
  ['^\\p{L}+$', 'Ärger', '1'],
  ['^\\p{Script=Greek}+$', 'αβγ', 'abc'],
  ['^[\\w.-]+@[\\w-]+$', 'a.b@c', '@'],
  ['^\\u00e9$', 'é', 'e'],
  ['^(?<year>\\d{4})-\\d\\d$', '2026-11', '26-11'],
])('the pattern %s is matched', (pattern, good, bad) => {
  const validate = compileSchema({ type: 'string', pattern });
  expect([validate(good).length, validate(bad).length]).toEqual([0, 1]);
});
