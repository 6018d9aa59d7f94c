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
