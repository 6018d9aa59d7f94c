import { expect, test } from 'vitest';
import { compileSchema, UnusableSchemaError } from '../../src/event-types/payload-schema.ts';

test('each place that breaks the schema is told, from the payload’s root', () => {
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
  const issues = validate({ at: 'yesterday', 'a/b': [1, -1], extra: true });
  expect(issues.map(({ path }) => path)).toEqual([['id'], ['extra'], ['at'], ['a/b', '1']]);
  expect(issues[0]).toMatchObject({ code: 'SCHEMA_MISMATCH', message: expect.stringContaining('required') });
});

test('a payload with a thousand faults is told of a hundred', () => {
  const validate = compileSchema({ type: 'array', items: { type: 'string' } });
  expect(validate(Array(1000).fill(1))).toHaveLength(100);
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
