import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refuseJson } from '../../src/http/json-limits.ts';

const maxDepth = 256;
const maxParts = 500_000;
const refusal = (json: string) => refuseJson(Buffer.from(json))?.message;
const tooDeep = (json: string) => refusal(json) !== undefined;

test('the limit holds exactly, for arrays and objects alike', () => {
  expect(tooDeep('['.repeat(maxDepth) + ']'.repeat(maxDepth))).toBe(false);
  expect(tooDeep('['.repeat(maxDepth + 1))).toBe(true);
  expect(tooDeep('{"a":'.repeat(maxDepth + 1))).toBe(true);
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

test('values and keys are counted, whatever they are', () => {
  for (const many of ['1,', '{},', '"k":1,', ',', '[],']) {
    expect(refusal(`[${many.repeat(maxParts)}`), many).toMatch(/more than 500000 values/);
  }
  expect(refusal(`[${'1,'.repeat(maxParts - 2)}1]`)).toBeUndefined();
  expect(refusal(JSON.stringify([','.repeat(maxParts * 2)]))).toBeUndefined();
});
