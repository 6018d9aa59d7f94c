import { afterAll, beforeAll, expect, test } from 'vitest';
import { play } from './fault.ts';
import { shortFaults } from './faults.ts';
import { Site } from './site.ts';

/** A few of the faults, briefly. `npm run test:faults` plays all of them. */
let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

test.each(shortFaults)('$name: nothing is lost', async (fault) => {
  const result = await play(site, fault);
  expect(result.problems).toEqual([]);
  expect(result.events).toBeGreaterThan(0);
});
