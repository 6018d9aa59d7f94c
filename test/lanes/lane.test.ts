import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { Lane } from '../../src/lanes/lane.ts';
import { healthy } from '../../src/sending/circuit.ts';

const newLane = (maxPerSecond: number): Lane => {
  const lane = new Lane({ ownerId: mintUuid(), endpointId: mintUuid(), shard: 0 });
  lane.maxPerSecond = maxPerSecond;
  lane.window = 1_000;
  return lane;
};

type Step = Readonly<{ ms: number; act: 'claim' | 'send' | 'end'; wasSent: boolean }>;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    ms: fc.integer({ min: 0, max: 400 }),
    act: fc.constantFrom('claim', 'claim', 'send', 'send', 'send', 'end'),
    wasSent: fc.boolean(),
  }),
  { maxLength: 300 },
);

test('no second has more than the rate, however long after the claim each one leaves', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (plan, rate) => {
      const lane = newLane(rate);
      const sentAt: number[] = [];
      let [now, pending, answering] = [10_000, 0, 0];
      for (const { ms, act, wasSent } of plan) {
        now += ms;
        if (act === 'claim') {
          const room = lane.room(now);
          lane.begin(room, now);
          pending += room;
        } else if (act === 'send' && pending > 0) {
          lane.send(now);
          sentAt.push(now);
          pending -= 1;
          answering += 1;
        } else if (act === 'end' && wasSent && answering > 0) {
          lane.end({ wasSent: true });
          answering -= 1;
        } else if (act === 'end' && !wasSent && pending > 0) {
          lane.end({ wasSent: false });
          pending -= 1;
        }
      }
      for (const at of sentAt) {
        expect(sentAt.filter((other) => other >= at && other < at + 1_000).length).toBeLessThanOrEqual(rate);
      }
      expect(lane.inFlight).toBe(pending + answering);
    }),
  );
});

test('the whole rate is there again a second after it was used', () => {
  const lane = newLane(5);
  lane.begin(5, 1_000);
  expect(lane.room(5_000), 'claimed, and not sent').toBe(0);
  for (let sent = 0; sent < 5; sent += 1) lane.send(5_000);
  expect(lane.waitsUntil(5_000)).toBe(6_000);
  expect(lane.room(5_999)).toBe(0);
  expect(lane.room(6_000)).toBe(5);
});

test('a delivery that was claimed but not sent does not count towards the rate', () => {
  const lane = newLane(5);
  lane.begin(5, 1_000);
  for (let handedBack = 0; handedBack < 5; handedBack += 1) lane.end({ wasSent: false });
  expect(lane.room(1_000)).toBe(5);
});

test('a takeover begins with nothing of this second', () => {
  const lane = newLane(5);
  lane.assumeSpent(1_000);
  expect(lane.room(1_999)).toBe(0);
  expect(lane.room(2_000)).toBe(5);
});

test('what failed at another URL is forgotten, and so is not counted towards giving the endpoint up', () => {
  const lane = newLane(1);
  const seen = (url: string | null) => ({ url, is_strict: false, max_deliveries_per_second: null });
  const failing = { ...healthy(), consecutiveFailures: 4, failingSince: new Date(0), spreadFailures: 4 };
  lane.health = failing;
  lane.see(seen('https://before.example'));
  lane.see(seen('https://before.example'));
  expect(lane.health).toBe(failing);
  lane.see(seen('https://after.example'));
  expect(lane.health).toEqual(healthy());
});
