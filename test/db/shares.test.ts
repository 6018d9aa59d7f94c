import { expect, test } from 'vitest';
import { asHolder, Shares } from '../../src/db/shares.ts';
import { UnavailableError } from '../../src/errors.ts';

test('a holder waits for its own connections, and nobody else does', async () => {
  const shares = new Shares(2);
  const [first, second] = await asHolder('busy', () => Promise.all([shares.take(), shares.take()]));
  let third: (() => void) | undefined;
  const waiting = asHolder('busy', () => shares.take()).then((release) => {
    third = release;
  });
  (await asHolder('other', () => shares.take()))();
  (await shares.take())();
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
  await asHolder('busy', async () => {
    const order: number[] = [];
    const held = await shares.take();
    const waiting = [1, 2, 3].map(async (number) => {
      const release = await shares.take();
      order.push(number);
      release();
    });
    held();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });
});

test('who waits for too long is refused, and takes nothing beyond the share', async () => {
  const shares = new Shares(1, 1);
  await asHolder('busy', async () => {
    const held = await shares.take();
    await expect(shares.take()).rejects.toBeInstanceOf(UnavailableError);
    held();
    (await shares.take())();
  });
});
