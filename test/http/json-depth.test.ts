import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, maxJsonDepth } from '../../src/http/json-depth.ts';

const tooDeep = (json: string) => isTooDeep(Buffer.from(json));

test('the limit holds exactly, for arrays and objects alike', () => {
  expect(tooDeep('['.repeat(maxJsonDepth) + ']'.repeat(maxJsonDepth))).toBe(false);
  expect(tooDeep('['.repeat(maxJsonDepth + 1))).toBe(true);
  expect(tooDeep('{"a":'.repeat(maxJsonDepth + 1))).toBe(true);
});

test('brackets within texts are text', () => {
  expect(tooDeep(JSON.stringify({ a: '['.repeat(1_000), ['{"'.repeat(1_000)]: '\\"[' }))).toBe(false);
});

test('what JSON.stringify writes of shallow data is never too deep', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
      expect(tooDeep(JSON.stringify(value))).toBe(false);
    }),
  );
});
