import { expect, test } from 'vitest';
import { jsonOf } from '../../src/status/storable.ts';

test('of thousands of headers the first hundred are recorded, plain or not', () => {
  const headers = (count: number, value: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `x-${index}`, value }));
  for (const value of ['1', 'é\0"']) {
    const expected = headers(100, value.replace('\0', '\ufffd'));
    expect(JSON.parse(jsonOf(headers(100, value)) ?? '')).toEqual(expected);
    expect(JSON.parse(jsonOf(headers(2_700, value)) ?? '')).toEqual(expected);
  }
});
