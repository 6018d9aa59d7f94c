import { expect, test } from 'vitest';
import { isSecret } from '../../src/internal/secret.ts';

const secret = 'k7Qv2mXc9Lp4Rt8Zw1Ns6Bd3Hj5Fg0Ya';
const rounds = 100;
const callsPerRound = 100;

/** Median microseconds of a call. The guesses take turns, so that whatever slows the machine slows all alike. */
function medians(guesses: readonly string[]): number[] {
  const times = guesses.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, guess] of guesses.entries()) {
      const startedAt = process.hrtime.bigint();
      for (let call = 0; call < callsPerRound; call += 1) isSecret(guess, secret);
      times[index]?.push(Number(process.hrtime.bigint() - startedAt) / 1_000 / callsPerRound);
    }
  }
  return times.map((list) => list.sort((one, other) => one - other)[rounds / 2] ?? 0);
}

test('how long a refusal takes does not depend on how much of the secret is right', () => {
  const wrong = (right: number) => secret.slice(0, right) + '#'.repeat(secret.length - right);
  const guesses = [wrong(0), wrong(8), wrong(16), wrong(24), wrong(31), '#'.repeat(31)];
  medians(guesses);
  const spreads = Array.from({ length: 3 }, () => {
    const found = medians(guesses);
    return (Math.max(...found) - Math.min(...found)) / Math.min(...found);
  });
  // The best of three: what a busy machine adds to one guess by chance, it does not add to it each time.
  expect(Math.min(...spreads)).toBeLessThan(0.1);
  expect(guesses.map((guess) => isSecret(guess, secret))).not.toContain(true);
  expect(isSecret(secret, secret)).toBe(true);
});
