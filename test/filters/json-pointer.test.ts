import { expect, test } from 'vitest';
import { compareDecimals, decimalOf } from '../../src/filters/decimal.ts';
import { elementsOf, findValues, parsePointer } from '../../src/filters/json-pointer.ts';

const find = (json: string, ...pointers: string[]) =>
  findValues(
    json,
    pointers.map((pointer) => parsePointer(pointer) ?? []),
  );

// RFC 6901, section 5.
const document =
  '{ "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\\\j": 5, "k\\"l": 6, " ": 7, "m~n": 8 }';

test.each([
  ['/foo', '["bar", "baz"]'],
  ['/foo/0', '"bar"'],
  ['/', '0'],
  ['/a~1b', '1'],
  ['/c%d', '2'],
  ['/e^f', '3'],
  ['/g|h', '4'],
  ['/i\\j', '5'],
  ['/k"l', '6'],
  ['/ ', '7'],
  ['/m~0n', '8'],
  ['', document],
  ['/foo/-', undefined],
  ['/foo/2', undefined],
  ['/foo/00', undefined],
  ['/foo/1e0', undefined],
  ['/foo/bar', undefined],
  ['/ /x', undefined],
  ['/__proto__', undefined],
  ['/constructor', undefined],
])('%s names %s', (pointer, expected) => {
  expect(find(document, pointer)).toEqual([expected]);
});

test.each(['foo', '/~', '/~2', '/a~', '#/foo', ' /foo'])('%s is no pointer', (text) => {
  expect(parsePointer(text)).toBeUndefined();
});

test('"~01" is the name "~1", as the RFC says', () => {
  expect(parsePointer('/~01')).toEqual(['~1']);
});

test('of two members with one name the last counts, whatever stood below the first', () => {
  expect(find('{"a":{"b":1,"c":2},"a":{"b":3}}', '/a/b', '/a/c', '/a')).toEqual(['3', undefined, '{"b":3}']);
  expect(find('{"a":{"b":1},"a":7}', '/a/b')).toEqual([undefined]);
  expect(find('{"\\u0061":1}', '/a')).toEqual(['1']);
});

test('texts with quotes, brackets and backslashes in them are no structure', () => {
  const json = '{"x":"}]\\\\\\"{[","y":["\\\\",{"z":"\\""}],"k":-1.50e+3 }';
  expect(find(json, '/x', '/y/0', '/y/1/z', '/k')).toEqual(['"}]\\\\\\"{["', '"\\\\"', '"\\""', '-1.50e+3']);
});

test('no depth and no length is too much', () => {
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"b":1}`;
  expect(find(deep, '/b')).toEqual(['1']);
  const long = `[${'0,'.repeat(150_000)}1]`;
  expect(find(`{"a":${long}}`, '/a/150000', '/a/150001')).toEqual(['1', undefined]);
  expect(elementsOf(long)).toHaveLength(150_001);
});

/** A small generator of its own, so that a failure can be repeated. */
function randomly(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

const names = ['a', 'b', '', '0', '1', '~', '/', 'é', '"', '\\', '\n'];

function randomJson(pick: (below: number) => number, depth: number): unknown {
  const kind = pick(depth > 0 ? 8 : 5);
  if (kind < 5) return [null, true, pick(1_000) / 8, names[pick(names.length)], -pick(9)][kind];
  const length = pick(4);
  if (kind < 7) {
    const members = Array.from({ length }, () => [names[pick(names.length)], randomJson(pick, depth - 1)]);
    return Object.fromEntries(members);
  }
  return Array.from({ length }, () => randomJson(pick, depth - 1));
}

function* places(value: unknown, tokens: string[] = []): Iterable<{ tokens: string[]; value: unknown }> {
  yield { tokens, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [name, below] of Object.entries(value)) yield* places(below, [...tokens, name]);
}

test('of a thousand documents every value is found where JSON.parse has it', () => {
  const pick = randomly(7);
  for (let round = 0; round < 1_000; round += 1) {
    const value = randomJson(pick, 4);
    const json = JSON.stringify(value, null, pick(3));
    const all = [...places(value)];
    const found = findValues(
      json,
      all.map(({ tokens }) => tokens),
    );
    expect(found.map((text) => JSON.parse(text ?? 'nothing'))).toEqual(all.map((place) => place.value));
  }
});

test.each([
  ['1', '1.0', 0],
  ['1e2', '100', 0],
  ['0', '-0.000e5', 0],
  ['0.1', '0.10000000000000000555', -1],
  ['12345678901234567890', '12345678901234567891', -1],
  ['-12345678901234567890', '-12345678901234567891', 1],
  ['-1', '0', -1],
  ['9', '10', -1],
  ['0.09', '0.1', -1],
  ['1e-400', '0', 1],
  ['1e999999999999999999999', '1e999999999999999999998', 1],
  ['100', '1', 1],
  ['-5', '5', -1],
])('%s against %s is %s', (a, b, expected) => {
  expect(Math.sign(compareDecimals(decimalOf(a), decimalOf(b)))).toBe(expected);
  expect(Math.sign(compareDecimals(decimalOf(b), decimalOf(a)))).toBe(expected === 0 ? 0 : -expected);
});
