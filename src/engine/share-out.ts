import { databaseNow } from '../clock.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Take } from './claim.ts';

/** Divides the free slots among lanes, in their order, within the room that each lane and each owner has. */
export function shareOut(
  lanes: readonly Lane[],
  free: number,
  {
    roomOf,
    epochOf,
  }: { roomOf(lane: Lane, now: number): number; epochOf(shard: number): number | undefined },
): Take[] {
  const now = databaseNow();
  const ofOwner = new Map<string, number>();
  const takes: Take[] = [];
  let left = free;
  for (const [index, lane] of lanes.entries()) {
    const epoch = epochOf(lane.shard);
    const owned = ofOwner.get(lane.ownerId) ?? 0;
    const fair = Math.max(1, Math.ceil(left / (lanes.length - index)));
    const count = Math.min(fair, left, roomOf(lane, now) - owned);
    if (epoch === undefined || count <= 0) continue;
    takes.push({ lane, count, epoch, marks: lane.marks, isProbe: lane.probes(now), aim: undefined });
    ofOwner.set(lane.ownerId, owned + count);
    left -= count;
  }
  return takes;
}
