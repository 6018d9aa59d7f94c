import { expect, test } from 'vitest';
import { Shares } from '../../src/db/shares.ts';
import { UnavailableError } from '../../src/errors.ts';

test('a holder waits for its own connections, and nobody else does', async () => {
  const shares = new Shares(2);
  const [first, second] = await Promise.all([shares.take('busy'), shares.take('busy')]);
  let third: (() => void) | undefined;
  const waiting = shares.take('busy').then((release) => {
    third = release;
  });
  (await shares.take('other'))();
  expect(third).toBeUndefined();
  first?.();
  first?.();
  await waiting;
  expect(third).toBeDefined();
  second?.();
  third?.();
});

test('the longest waiting goes first', async () => {
  const shares = new Shares(1);
  const order: number[] = [];
  const held = await shares.take('busy');
  const waiting = [1, 2, 3].map(async (number) => {
    const release = await shares.take('busy');
    order.push(number);
    release();
  });
  held();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

test('a caller that waits too long is refused, and uses nothing beyond its share', async () => {
  const shares = new Shares(1, 1);
  const held = await shares.take('busy');
  await expect(shares.take('busy')).rejects.toBeInstanceOf(UnavailableError);
  held();
  (await shares.take('busy'))();
});
