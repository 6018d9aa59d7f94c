import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSecret } from '../../src/access/route-secret.ts';

/**
 * Far longer than real secrets. For 32 characters even `===` is so fast that no clock shows where it stopped. For
 * 4,096 it takes ten times as long if only the last characters are wrong as if the first is wrong.
 */
const secret = randomBytes(2_048).toString('hex');
const rounds = 100;
const callsPerRound = 25;

/** Each guess exists as many different strings, because the compiler could skip repeated calls with the same string. */
type Guess = readonly string[];

/** Median microseconds of a call. The guesses take turns, so that other load slows all of them equally. */
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

/** How much longer the slowest guess takes than the fastest; 0 means not at all. */
function spreadOf(guesses: readonly Guess[], accept: (text: string) => boolean): number {
  medians(guesses, accept);
  const spreads = Array.from({ length: 4 }, () => {
    const found = medians(guesses, accept);
    return (Math.max(...found) - Math.min(...found)) / Math.min(...found);
  });
  // The best of several runs, because a busy machine does not slow the same guess by chance each time.
  return Math.min(...spreads);
}

/** A single flat string, as a header would bring it, whatever it was built from. */
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1');
/** The secret is hex, so it contains no letter from `g` on. */
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
