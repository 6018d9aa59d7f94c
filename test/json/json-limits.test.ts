import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson, refuseJson } from '../../src/json/json-limits.ts';

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

test('a body is read as JSON, or refused before it is parsed, or because of a name', () => {
  const read = (json: string) => readJson(Buffer.from(json));
  expect(read('{"a":[1]}')).toEqual({ a: [1] });
  expect(read('')).toBeUndefined();
  expect(read('{"a":1,"a":2')).toBeUndefined();
  expect(() => read('['.repeat(4_000_000))).toThrow('nested more than 256 levels');
  expect(() => read('{"tenant":"a","tenant":"b"}')).toThrow('the name "tenant" twice');
});
