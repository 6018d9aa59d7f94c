import { setTimeout as delay } from 'node:timers/promises';
import { judge } from './oracles.ts';
import { type Site, within } from './site.ts';
import { Traffic } from './traffic.ts';

/** One kind of fault, which happens while tenants publish steadily. */
export type Fault = Readonly<{
  name: string;
  /** Whether a receiver may get something twice. During a clean stop it may not. */
  mayDuplicate: boolean;
  /** How long it may take, if it takes long. */
  withinMs?: number;
  /** Breaks something and repairs it again. `blame` adds a problem of the fault itself. */
  act(scene: Scene): Promise<void>;
}>;

export type Scene = Readonly<{ site: Site; traffic: Traffic; blame(problem: string): void }>;

export type Result = Readonly<{
  name: string;
  events: number;
  duplicates: number;
  fenced: number;
  lost: number;
  seconds: number;
  problems: readonly string[];
  /** Why the fault was not played. */
  skipped: string | undefined;
}>;

/** Thrown by a fault that is not possible on this machine. */
export class Skipped extends Error {}

const tenants = 2;
const endpointsOfTenant = 2;
const warmUpEvents = 12;
const actWithinMs = 150_000;
const goesOnWithinMs = 20_000;
const settleWithinMs = 90_000;

/** Plays a fault during traffic, waits until everything has ended, and asks the oracles. */
export async function play(site: Site, fault: Fault): Promise<Result> {
  const began = performance.now();
  const traffic = new Traffic(site);
  const problems: string[] = [];
  for (let made = 0; made < tenants; made += 1) {
    const tenant = await traffic.addTenant();
    for (let endpoint = 0; endpoint < endpointsOfTenant; endpoint += 1) await traffic.addEndpoint(tenant);
    await traffic.addEndpoint(tenant, undefined, { ordering: 'STRICT' });
  }
  const fencedBefore = await site.fenced();
  traffic.start();
  await within(10_000, () => traffic.acknowledged.length >= warmUpEvents);
  const from = Date.now();
  let skipped: string | undefined;
  try {
    const late = delay(fault.withinMs ?? actWithinMs, 'late', { ref: false });
    const act = fault.act({ site, traffic, blame: (problem) => problems.push(problem) });
    if ((await Promise.race([act, late])) === 'late') problems.push('the fault did not end in time');
  } catch (error) {
    if (error instanceof Skipped) skipped = error.message;
    else problems.push(`the fault failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
  await site.restore();
  const before = traffic.acknowledged.length;
  const goesOn = await within(goesOnWithinMs, () => traffic.acknowledged.length >= before + warmUpEvents);
  if (!goesOn) problems.push('publishing did not go on');
  await traffic.stop();
  await untilSettled(site);
  const verdict = await judge(site, traffic, { from });
  problems.push(...verdict.problems);
  if (verdict.duplicates > 0 && !fault.mayDuplicate) {
    problems.push(`O4: ${verdict.duplicates} duplicates where none may be`);
  }
  return {
    name: fault.name,
    events: traffic.acknowledged.length,
    duplicates: verdict.duplicates,
    fenced: (await site.fenced()) - fencedBefore,
    lost: verdict.lost,
    seconds: (performance.now() - began) / 1000,
    problems,
    skipped,
  };
}

/** Waits until nothing is due and every shard has a holder. If this does not happen, the oracles name the reason. */
async function untilSettled(site: Site): Promise<void> {
  await within(settleWithinMs, async () => {
    const [row] = await site.sql<{ due: boolean; free: boolean }>(
      `select exists (select 1 from due) as due,
              exists (select 1 from shard_lease
                       where holder is null or expires_at < now() or holder not in (select id from worker)) as free`,
    );
    return row?.due === false && row.free === false;
  });
}
