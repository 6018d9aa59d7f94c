import { expect, test } from 'vitest';
import { ProvenTokens } from '../../src/access/proven-tokens.ts';

function watched(options: { endsInMs: number }) {
  let now = 0;
  let checks = 0;
  const expiresAt = Date.now() + options.endsInMs;
  const tokens = new ProvenTokens<{ end: number }>({ expiresAt: ({ end }) => end, monotonicMs: () => now });
  return {
    read: (token: string) =>
      tokens.read(token, async () => {
        checks += 1;
        if (token === 'bad') throw new Error('bad');
        return { end: expiresAt };
      }),
    checks: () => checks,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('a token that was checked is not checked again for half a minute', async () => {
  const tokens = watched({ endsInMs: 3_600_000 });
  await tokens.read('one');
  tokens.pass(29_999);
  await tokens.read('one');
  expect(tokens.checks()).toBe(1);
  await tokens.read('another');
  expect(tokens.checks()).toBe(2);
  tokens.pass(1);
  await tokens.read('one');
  expect(tokens.checks()).toBe(3);
});

test('a token that has ended is checked again, which refuses it', async () => {
  const tokens = watched({ endsInMs: -1 });
  await tokens.read('one');
  await tokens.read('one');
  expect(tokens.checks()).toBe(2);
});

test('a bad token is not remembered', async () => {
  const tokens = watched({ endsInMs: 3_600_000 });
  await expect(tokens.read('bad')).rejects.toThrow('bad');
  await expect(tokens.read('bad')).rejects.toThrow('bad');
  expect(tokens.checks()).toBe(2);
});
