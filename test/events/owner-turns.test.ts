import { expect, test } from 'vitest';
import { OwnerTurns } from '../../src/events/owner-turns.ts';

/** Jobs that tell when they begin, and end when they are told to. */
function jobs(turns: OwnerTurns) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string, owner: string, group: number) =>
    turns.add(owner, {
      group,
      run: () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      },
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    // What follows a job's end happens in the same turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, add, end };
}

test('owners take turns, whoever came first with many', async () => {
  const turns = new OwnerTurns(1);
  const { begun, add, end } = jobs(turns);
  for (const name of ['a1', 'a2', 'a3']) add(name, 'a', 1);
  add('b1', 'b', 2);
  add('c1', 'c', 3);
  expect(turns.waitingOf('a')).toBe(2);
  for (const name of ['a1', 'a2', 'b1', 'c1', 'a3']) await end(name);
  for (const name of ['a2', 'a3']) await end(name);
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3']);
  expect(turns.waitingOf('a')).toBe(0);
});

test('of one group one runs at a time, and the others pass by', async () => {
  const { begun, add, end } = jobs(new OwnerTurns(2));
  add('a1', 'a', 1);
  add('b1', 'b', 1);
  add('c1', 'c', 2);
  expect(begun).toEqual(['a1', 'c1']);
  add('d1', 'd', 3);
  await end('c1');
  expect(begun).toEqual(['a1', 'c1', 'd1']);
  await end('a1');
  expect(begun).toEqual(['a1', 'c1', 'd1', 'b1']);
});
