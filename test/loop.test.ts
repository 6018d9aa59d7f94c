import { expect, test } from 'vitest';
import { Loop } from '../src/loop.ts';

const forever = 3_600_000;

/** A loop that counts its rounds. `until(n)` resolves when round `n` has begun. */
function countingLoop(round: (n: number) => Promise<number>) {
  let rounds = 0;
  const waiting = new Map<number, () => void>();
  const errors: unknown[] = [];
  const loop = new Loop({
    round: () => {
      rounds += 1;
      waiting.get(rounds)?.();
      return round(rounds);
    },
    onError: (error) => {
      errors.push(error);
      return 0;
    },
  });
  const until = (n: number) =>
    n <= rounds ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(n, resolve));
  return { loop, until, errors, rounds: () => rounds };
}

test('a wake ends the pause', async () => {
  const { loop, until } = countingLoop(async () => forever);
  loop.start();
  await until(1);
  loop.wake();
  await until(2);
  await loop.stop();
});

test('a wake during a round leaves out the pause after it', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { loop, until } = countingLoop(async (n) => {
    if (n === 1) await held;
    return forever;
  });
  loop.start();
  await until(1);
  loop.wake();
  release();
  await until(2);
  await loop.stop();
});

test('an error is handed over and the loop goes on', async () => {
  const { loop, until, errors } = countingLoop(async (n) => {
    if (n === 1) throw new Error('lost');
    return forever;
  });
  loop.start();
  await until(2);
  await loop.stop();
  expect(errors).toEqual([new Error('lost')]);
});

test('stop waits for the round under way, and nothing starts again', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { loop, until, rounds } = countingLoop(async () => {
    await held;
    return 0;
  });
  loop.start();
  loop.start();
  await until(1);
  let hasStopped = false;
  const stopped = loop.stop().then(() => {
    hasStopped = true;
  });
  await Promise.resolve();
  expect([hasStopped, loop.isStopped, loop.signal.aborted]).toEqual([false, true, true]);
  release();
  await stopped;
  await loop.stop();
  loop.start();
  loop.wake();
  await new Promise(setImmediate);
  expect(rounds()).toBe(1);
});

test('one that was stopped before its start never runs', async () => {
  const { loop, rounds } = countingLoop(async () => forever);
  await loop.stop();
  loop.start();
  await new Promise(setImmediate);
  expect(rounds()).toBe(0);
});
