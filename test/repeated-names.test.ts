import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRepeatedName } from '../src/repeated-names.ts';

test.each<[json: string, name: string]>([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"b":{"a":1},"a":2}', 'a'],
  ['[{"x":{"b":[],"b":{}}}]', 'b'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"":1,"":2}', ''],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  [' { "a" : 1 , "a" : 1 } ', 'a'],
  ['{"a":[1,{"c":1}],"b":{"a":"a"},"c":{"d":1,"d":2}}', 'd'],
  ['{"\\\\":1,"\\\\":2}', '\\'],
])('%s repeats a name', (json, name) => {
  expect(findRepeatedName(json)).toBe(name);
});

test.each([
  '{"a":"a","b":"a"}',
  '["a","a"]',
  '[{"a":1},{"a":1}]',
  '{"a":{"a":{"a":[]}}}',
  '{"a\\"":1,"a":2}',
  '{"A":1,"a":2}',
  '{"constructor":1,"toString":2}',
  '"{\\"a\\":1,\\"a\\":2}"',
  '7',
])('%s repeats none', (json) => {
  expect(findRepeatedName(json)).toBeUndefined();
});

test('what JSON.stringify writes never repeats a name, until an object gets one of its names again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), fc.jsonValue(), (value, name, other) => {
      expect(findRepeatedName(JSON.stringify(value))).toBeUndefined();
      const member = `${JSON.stringify(name)}:${JSON.stringify(other)}`;
      expect(
        findRepeatedName(`[{${member},"between ${JSON.stringify(name).slice(1, -1)}":1,${member}}]`),
      ).toBe(name);
    }),
  );
});
