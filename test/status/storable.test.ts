import { expect, test } from 'vitest';
import { jsonOf } from '../../src/status/storable.ts';

test('writes headers exactly as JSON.stringify does, whatever characters they have', () => {
  const characters = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code + 1));
  const texts = ['', ' ', '"', '\\', '\\"', '\u2028', '\ud83d\ude00', 'a\tb', '\u007f', ...characters];
  for (const text of texts) {
    for (const headers of [
      [{ name: 'x-a', value: text }],
      [{ name: text, value: 'b' }],
      [
        { name: 'date', value: 'Mon' },
        { name: 'x-b', value: `before ${text} after` },
        { name: 'x-c', value: '' },
      ],
    ])
      expect(jsonOf(headers)).toBe(JSON.stringify(headers));
  }
  expect(jsonOf([])).toBe('[]');
  expect(jsonOf(undefined)).toBeNull();
});

test('replaces what PostgreSQL cannot store', () => {
  expect(jsonOf([{ name: 'x', value: 'a\u0000b\ud800' }])).toBe('[{"name":"x","value":"a\ufffdb\ufffd"}]');
});

test('of thousands of headers the first hundred are recorded, plain or not', () => {
  const headers = (count: number, value: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `x-${index}`, value }));
  for (const value of ['1', 'é\0"']) {
    const expected = headers(100, value.replace('\0', '\ufffd'));
    expect(JSON.parse(jsonOf(headers(100, value)) ?? '')).toEqual(expected);
    expect(JSON.parse(jsonOf(headers(2_700, value)) ?? '')).toEqual(expected);
  }
});
