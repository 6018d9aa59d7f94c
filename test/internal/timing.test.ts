import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSecret } from '../../src/access/route-secret.ts';

/**
 * Far longer than secrets are. Of 32 characters even `===` compares so fast that no clock sees where it stopped; of
 * 4,096 it takes ten times as long when all but the last are right as when the first is wrong.
 */
const secret = randomBytes(2_048).toString('hex');
const rounds = 100;
const callsPerRound = 25;

/** Each guess in as many texts as calls: what a call answers for the same text twice, the compiler need not ask. */
type Guess = readonly string[];

/** Median microseconds of a call. The guesses take turns, so that whatever slows the machine slows all alike. */
function medians(guesses: readonly Guess[], accept: (text: string) => boolean): number[] {
  const times = guesses.map((): number[] => []);
  let accepted = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, texts] of guesses.entries()) {
      const startedAt = process.hrtime.bigint();
      for (const text of texts) if (accept(text)) accepted += 1;
      times[index]?.push(Number(process.hrtime.bigint() - startedAt) / 1_000 / callsPerRound);
    }
  }
  expect(accepted).toBe(0);
  return times.map((list) => list.sort((one, other) => one - other)[rounds / 2] ?? 0);
}

/** How much longer the slowest guess takes than the fastest; 0 is not at all. */
function spreadOf(guesses: readonly Guess[], accept: (text: string) => boolean): number {
  medians(guesses, accept);
  const spreads = Array.from({ length: 4 }, () => {
    const found = medians(guesses, accept);
    return (Math.max(...found) - Math.min(...found)) / Math.min(...found);
  });
  // The best of them: what a busy machine adds to one guess by chance, it does not add to it each time.
  return Math.min(...spreads);
}

/** As a header brings it: one piece of memory, whatever it was put together from. */
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1');
/** The secret is hex: no letter from `g` on stands in it. */
const wrongAfter = (right: number, length = secret.length): Guess =>
  Array.from({ length: callsPerRound }, (_, index) =>
    flat(secret.slice(0, right) + String.fromCharCode(0x67 + (index % 20)).repeat(length - right)),
  );
const guesses = [0, 1_024, 2_048, 3_072, secret.length - 1].map((right) => wrongAfter(right));

test('how long a refusal takes does not depend on how much of the secret is right, nor on whether its length is', () => {
  expect(isSecret(secret, secret)).toBe(true);
  const spread = spreadOf([...guesses, wrongAfter(0, secret.length - 1)], (guess) => isSecret(guess, secret));
  expect(spread).toBeLessThan(0.2);
});

test('comparisons that stop early are told apart by the same measure', () => {
  const loop = (guess: string) => {
    for (let at = 0; at < secret.length; at += 1) if (guess[at] !== secret[at]) return false;
    return guess.length === secret.length;
  };
  expect(spreadOf(guesses, loop)).toBeGreaterThan(1);
  expect(spreadOf(guesses, (guess) => guess === secret)).toBeGreaterThan(1);
});
