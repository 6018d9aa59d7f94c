import { expect, test } from 'vitest';
import { recentDocuments } from '../../src/transports/recent-documents.ts';

test('keeps the documents used last, up to 200,000 characters together', () => {
  const cache = recentDocuments<number>();
  const text = (n: number) => String(n).padEnd(10_000, ' ');
  for (let n = 0; n < 20; n += 1) cache.set(text(n), n);
  expect(cache.get(text(0))).toBe(0);
  cache.set(text(20), 20);
  expect(cache.get(text(0))).toBe(0);
  expect(cache.get(text(1))).toBeUndefined();
  expect(cache.get(text(20))).toBe(20);
});

test('a document set twice counts once', () => {
  const cache = recentDocuments<number>();
  for (let n = 0; n < 1_000; n += 1) cache.set('{ hello }'.padEnd(15_000), n);
  cache.set('{ other }', 1);
  expect(cache.get('{ hello }'.padEnd(15_000))).toBe(999);
});

test('a long document is not kept', () => {
  const cache = recentDocuments<number>();
  cache.set('x'.repeat(20_001), 1);
  expect(cache.get('x'.repeat(20_001))).toBeUndefined();
});
