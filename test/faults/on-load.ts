import { randomBytes } from 'node:crypto';
import { publishDocument, send } from '../support/client.ts';
import type { Fault } from './fault.ts';
import { eventType, holds } from './site.ts';
import { type PublishData, payloadCanary } from './traffic.ts';

const callsAtOnce = 60;
const eventsPerCall = 1_000;
const answerWithinMs = 60_000;
const growthBytes = 400e6;

/** Far more at once than the database takes: each call is stored whole or refused whole, and memory stays bounded. */
export const overload: Fault = {
  name: 'publish at 10 times the capacity',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    const tenant = await traffic.addTenant();
    const { pid, origin } = site.one('api');
    const before = holds(pid).rssBytes;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, holds(pid).rssBytes);
    }, 50);
    let refused = 0;
    let accepted = 0;
    await Promise.all(
      Array.from({ length: callsAtOnce }, async () => {
        const events = Array.from({ length: eventsPerCall }, (_, n) => ({
          type: eventType,
          idempotencyKey: randomBytes(12).toString('hex'),
          payload: { n, filler: 'x'.repeat(500), canary: payloadCanary },
        }));
        const began = performance.now();
        const { body } = await send<PublishData>({ ...tenant.caller, origin }, publishDocument, { events });
        if (performance.now() - began > answerWithinMs) blame('a call waited for more than a minute');
        const code = body.errors?.[0]?.extensions.code;
        if (body.data?.publishEvents.events !== undefined) accepted += 1;
        else if (code === 'RATE_LIMITED') refused += 1;
        else blame(`an overloaded server said ${JSON.stringify(body).slice(0, 200)}`);
      }),
    ).finally(() => clearInterval(watch));
    const [row] = await site.sql<{ n: number }>(
      'select count(*)::int as n from event e join tenant t on t.id = e.owner_id where t.external_id = $1',
      [tenant.name],
    );
    if (row?.n !== accepted * eventsPerCall) blame(`${row?.n} events stored of ${accepted} calls`);
    if (refused === 0) blame('nothing was refused: nothing was proven');
    if (most - before > growthBytes) blame(`memory grew by ${Math.round((most - before) / 1e6)} MB`);
  },
};
