import { getIntrospectionQuery, parse } from 'graphql';
import { expect, test } from 'vitest';
import { documentLimits, refuseLargeDocument } from '../../src/graph/document-limits.ts';

const refusal = (text: string) => refuseLargeDocument(parse(text))?.message;

test('the introspection query of every tool passes', () => {
  const everything = {
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
  };
  expect(refusal(getIntrospectionQuery(everything))).toBeUndefined();
});

test('each limit holds exactly', () => {
  const { depth, aliases, directives, rootFields } = documentLimits;
  const nested = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
  expect(refusal(nested(depth))).toBeUndefined();
  expect(refusal(nested(depth + 1))).toBe('The document has more than 16 levels of nesting.');

  const aliased = (count: number) =>
    `{ a { ${Array.from({ length: count }, (_, n) => `x${n}: a`).join(' ')} } }`;
  expect(refusal(aliased(aliases))).toBeUndefined();
  expect(refusal(aliased(aliases + 1))).toBe('The document has more than 50 aliases.');

  const directed = (count: number) => `{ a ${'@include(if: true) '.repeat(count)} }`;
  expect(refusal(directed(directives))).toBeUndefined();
  expect(refusal(directed(directives + 1))).toBe('The document has more than 50 directives.');

  expect(refusal(`{ ${'a '.repeat(rootFields)} }`)).toBeUndefined();
  expect(refusal(`{ ${'a '.repeat(rootFields + 1)} }`)).toBe('The document has more than 20 root fields.');
});

test('fragments count as often as they are spread', () => {
  const spread =
    '{ a { ...f } b { ...f } c { ...f } } fragment f on T { x1: a x2: a x3: a x4: a x5: a x6: a x7: a x8: a x9: a x10: a x11: a x12: a x13: a x14: a x15: a x16: a x17: a }';
  expect(refusal(spread)).toBe('The document has more than 50 aliases.');
  expect(refusal(`{ ...f } fragment f on Query { ${'a '.repeat(21)} }`)).toBe(
    'The document has more than 20 root fields.',
  );
});

test('a document that doubles itself a thousand times over is refused, and does not take for ever', () => {
  const fragments = Array.from(
    { length: 300 },
    (_, n) => `fragment f${n} on T { ...f${n + 1} ...f${n + 1} }`,
  );
  expect(refusal(`{ a { ...f0 } } ${fragments.join(' ')} fragment f300 on T { x }`)).toBe(
    'The document has more than 2000 fields.',
  );
});

test('a fragment within itself does not hang', () => {
  expect(refusal('{ ...f } fragment f on Query { a ...g } fragment g on Query { ...f }')).toBeUndefined();
});
