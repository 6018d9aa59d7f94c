import { expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { Lanes } from '../../src/lanes/lanes.ts';

test('a lane that is marked while it is being asked stays marked', () => {
  const lanes = new Lanes();
  const [ownerId, endpointId] = [mintUuid(), mintUuid()];
  lanes.mark(ownerId, endpointId);
  const [lane] = lanes.takeTurns(1, () => true);
  if (lane === undefined) throw new Error('No lane was marked.');
  const whenAsked = lane.marks;
  lanes.mark(ownerId, endpointId);
  lanes.unmark(lane, whenAsked);
  expect(lanes.hasMarked).toBe(true);
  lanes.unmark(lane, lane.marks);
  expect(lanes.hasMarked).toBe(false);
});
