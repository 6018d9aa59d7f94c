import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, publish, registerEventType } from '../support/client.ts';
import { cpuMicrosOf } from './cpu.ts';
import { type Figures, inRounds, ratios, shown } from './rounds.ts';
import { openSite, startProgram } from './site.ts';

/**
 * `npm run bench:live`: what one frame of the live log costs the server, at 100 and 1,000 subscribers of one document,
 * against a bare broadcast of a text of the same length over the same number of sockets; how long a change takes from
 * its commit to a client; and what an idle subscriber takes of memory. The parts take turns, round by round. Linux
 * only, since the CPU is read from /proc.
 */
const rounds = Number(process.argv[2] ?? 3);
const partMs = 5_000;
const arriveWithinMs = 30_000;
const idleSubscribers = 5_000;

const site = await openSite();
const withoutLimits = {
  MAX_SUBSCRIPTIONS_PER_ACTOR: '100000',
  MAX_CONNECTIONS_PER_ACTOR: '100000',
  MAX_ANONYMOUS_CONNECTIONS: '100000',
  MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS: '100000',
};
// One serves the subscribers and is measured, the other takes what is published.
const collecting = encodeURIComponent("process.on('SIGUSR2', () => { gc(); gc(); })");
const server = await site.start({
  ...withoutLimits,
  NODE_OPTIONS: `--expose-gc --import=data:text/javascript,${collecting}`,
});
const publisher = await site.start(withoutLimits);
const broadcast = await startProgram('./broadcast.ts');
const audience = fork(new URL('./audience.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });

const { token } = site;
const caller = { origin: publisher.origin, token };
await registerEventType(caller, { name: 'order.paid', example: { total: 1 } });
await ask(
  caller,
  'mutation { createEndpoint(input: { url: "http://127.0.0.1:8080/", events: ["order.paid"] }) { __typename } }',
);
const first = [
  JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
  JSON.stringify({
    id: 'live',
    type: 'subscribe',
    payload: {
      query:
        'subscription Live { deliveryStatusChanged { position after deliveryId endpointId eventType status previousStatus attemptNumber occurredAt } }',
    },
  }),
];
const frame = JSON.stringify({
  id: 'live',
  type: 'next',
  payload: { data: { deliveryStatusChanged: { filler: 'x'.repeat(265) } } },
});
const live = {
  url: `${server.origin.replace('http', 'ws')}/graphql`,
  protocol: 'graphql-transport-ws',
  first,
  until: '"next"',
};
const bare = { url: broadcast.origin.replace('http', 'ws'), first: [], until: '' };

const publishOne = () => publish(caller, [{ type: 'order.paid', payload: { total: 1 } }]);
const watched = (subscribers: number, perSecond: number) => () =>
  measure({ pid: server.pid, open: live, subscribers, perSecond, tell: publishOne });
const broadcasted = (subscribers: number, perSecond: number) => () =>
  measure({
    pid: broadcast.pid,
    open: bare,
    subscribers,
    perSecond,
    tell: async () => void broadcast.child.send(frame),
  });

const parts = {
  'bare, 100': broadcasted(100, 40),
  'live, 100': watched(100, 40),
  'bare, 1000': broadcasted(1_000, 6),
  'live, 1000': watched(1_000, 6),
};
const before = await residentBytes(server.pid);
await tell(audience, { do: 'open', ...live, sockets: idleSubscribers });
await delay(3_000);
const perSubscriber = ((await residentBytes(server.pid)) - before) / idleSubscribers;
await tell(audience, { do: 'close' });
console.log(`an idle subscriber of ${idleSubscribers} takes ${(perSubscriber / 1024).toFixed(1)} KiB`);

for (const part of [parts['bare, 100'], parts['live, 100']]) await part();
const found = await inRounds(rounds, parts);
for (const [name, figures] of Object.entries(found)) {
  const of = (what: string) =>
    shown(
      figures.map((one) => one[what] ?? Number.NaN),
      1,
    );
  const late = name.startsWith('live') ? `   commit to client p50 ${of('p50')} ms, p99 ${of('p99')} ms` : '';
  console.log(`${name.padEnd(12)} ${of('micros')} µs a frame   ${of('perSecond')} frames/s${late}`);
}
for (const subscribers of [100, 1_000] as const) {
  const values = ratios(found[`live, ${subscribers}`], found[`bare, ${subscribers}`], 'micros');
  console.log(`${`live / bare broadcast, ${subscribers} subscribers`.padEnd(44)} ${shown(values, 2)}`);
}
audience.disconnect();
broadcast.child.disconnect();
await Promise.all([server.stop(), publisher.stop()]);
await site.close();

async function measure(options: {
  pid: number;
  open: object;
  subscribers: number;
  perSecond: number;
  tell: () => Promise<unknown>;
}): Promise<Figures> {
  await tell(audience, { do: 'open', ...options.open, sockets: options.subscribers });
  await options.tell();
  await delay(1_000);
  await tell(audience, { do: 'count' });
  const before = cpuMicrosOf(options.pid);
  const began = performance.now();
  let told = 0;
  while (performance.now() - began < partMs) {
    await options.tell();
    told += 1;
    await delay(Math.max(0, began + (told * 1000) / options.perSecond - performance.now()));
  }
  let received = 0;
  const late: number[] = [];
  const giveUpAt = performance.now() + arriveWithinMs;
  while (received < told * options.subscribers && performance.now() < giveUpAt) {
    await delay(100);
    const counted = await tell(audience, { do: 'count' });
    received += counted.received ?? 0;
    late.push(...(counted.late ?? []));
  }
  const micros = cpuMicrosOf(options.pid) - before;
  const seconds = (performance.now() - began) / 1000;
  if (received !== told * options.subscribers)
    throw new Error(`${told} changes for ${options.subscribers} subscribers, but ${received} frames`);
  await tell(audience, { do: 'close' });
  const sorted = late.sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { micros: micros / received, perSecond: received / seconds, p50: at(0.5), p99: at(0.99) };
}

async function tell(to: ChildProcess, order: object): Promise<{ received?: number; late?: number[] }> {
  const answer = once(to, 'message');
  to.send(order);
  return (await answer)[0];
}

/** Without what is no longer used: the memory for new objects alone may be 64 MB more or less. */
async function residentBytes(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  await delay(2_000);
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return pages * 4096;
}
