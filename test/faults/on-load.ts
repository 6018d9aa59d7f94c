import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { publishDocument, send } from '../support/client.ts';
import type { Fault } from './fault.ts';
import { eventType, holds } from './site.ts';
import { type PublishData, payloadCanary } from './traffic.ts';

const callsAtOnce = 60;
const eventsPerCall = 1_000;
const answerWithinMs = 60_000;
const growthBytes = 400e6;
/** Well below the time that a statement may wait for a lock and be repeated. */
const holdAtMostMs = 8_000;

/**
 * More is published at once than the database can accept, because somebody holds the table of events until the first
 * call is refused: each call is stored whole or refused whole, and memory stays bounded.
 */
export const overload: Fault = {
  name: 'publish more than the database can accept',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    const tenant = await traffic.addTenant();
    const holder = await site.session();
    await holder.query('begin');
    await holder.query('lock table event in share row exclusive mode');
    let release = () => {};
    const refusal = new Promise<void>((resolve) => {
      release = resolve;
    });
    const released = Promise.race([refusal, delay(holdAtMostMs)]).then(() => holder.query('rollback'));
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
        else if (code === 'RATE_LIMITED') {
          refused += 1;
          release();
        } else blame(`an overloaded server said ${JSON.stringify(body).slice(0, 200)}`);
      }),
    ).finally(() => clearInterval(watch));
    await released;
    await holder.end();
    const [row] = await site.sql<{ n: number }>(
      'select count(*)::int as n from event e join tenant t on t.id = e.owner_id where t.external_id = $1',
      [tenant.name],
    );
    if (row?.n !== accepted * eventsPerCall) blame(`${row?.n} events stored of ${accepted} calls`);
    if (refused === 0) blame('nothing was refused: nothing was proven');
    if (accepted === 0) blame('nothing was accepted: the wait did not end');
    if (most - before > growthBytes) blame(`memory grew by ${Math.round((most - before) / 1e6)} MB`);
  },
};
