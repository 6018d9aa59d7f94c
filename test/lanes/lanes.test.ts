import { expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { Lanes } from '../../src/lanes/lanes.ts';
import { healthy } from '../../src/sending/circuit.ts';

test('a lane that is marked while it is being asked stays marked', () => {
  const lanes = new Lanes();
  const [ownerId, endpointId] = [mintUuid(), mintUuid()];
  lanes.mark(ownerId, endpointId);
  const [lane] = lanes.takeTurns(1, 0, () => true);
  if (lane === undefined) throw new Error('No lane was marked.');
  const whenAsked = lane.marks;
  lanes.mark(ownerId, endpointId);
  lanes.unmark(lane, whenAsked);
  expect(lanes.hasMarked).toBe(true);
  lanes.unmark(lane, lane.marks);
  expect(lanes.hasMarked).toBe(false);
});

function lanesWithOpenCircuits(count: number, nextProbeAt: Date) {
  const lanes = new Lanes();
  const ownerId = mintUuid();
  const dead = Array.from({ length: count }, () => {
    const endpointId = mintUuid();
    lanes.mark(ownerId, endpointId);
    const lane = lanes.find(endpointId);
    if (lane === undefined) throw new Error('No lane was made.');
    lane.health = { ...healthy(), circuit: 'OPEN', consecutiveFailures: 20, nextProbeAt };
    return lane;
  });
  return { lanes, ownerId, dead };
}

test('lanes whose circuit is open have no turns until it lets something through', async () => {
  const { lanes, ownerId, dead } = lanesWithOpenCircuits(300, new Date(5_000));
  const healthyId = mintUuid();
  const turns = (now: number) => {
    const asked: string[] = [];
    lanes.takeTurns(256, now, ({ endpointId }) => asked.push(endpointId) > 0);
    return asked;
  };
  lanes.mark(ownerId, healthyId);
  expect(turns(1_000)).toEqual([healthyId]);
  // What is marked again meanwhile is as closed as before.
  for (const { endpointId } of dead) lanes.mark(ownerId, endpointId);
  expect(turns(1_000)).toEqual([healthyId]);
  expect(lanes.hasMarked).toBe(true);
  expect(lanes.waitMs(1_000, { idleMs: 250, most: 256 })).toBeLessThanOrEqual(100);
  // One was mended by its owner, the time of the others comes.
  const [mended, ...others] = dead;
  if (mended !== undefined) mended.health = healthy();
  await expect.poll(() => turns(1_000)).toContain(mended?.endpointId);
  await expect.poll(() => turns(5_000)).toContain(others[0]?.endpointId);
});

test('every lane at rest is read again after some calls, however many there are', () => {
  const { lanes, dead } = lanesWithOpenCircuits(25, new Date(5_000));
  const read = new Set([1, 2, 3].flatMap(() => lanes.resting(10)));
  expect(read.size).toBe(dead.length);
});
