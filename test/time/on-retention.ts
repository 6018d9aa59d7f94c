import { setTimeout as delay } from 'node:timers/promises';
import { encodeId } from '../../src/ids.ts';
import { within } from '../faults/site.ts';
import { Traffic } from '../faults/traffic.ts';
import { ask, type Caller, send } from '../support/client.ts';
import { followOverWebSocket } from '../support/follower.ts';
import type { MovedSite } from './moved-site.ts';

const dayMs = 86_400_000;
const retentionDays = 30;

/**
 * Everything stops with deliveries still waiting, and starts again forty days later, when all of it is past retention.
 * What was accepted must still be sent; then it goes, by whole partitions. Readers are told what they have missed.
 */
export async function fortyDays(moved: MovedSite): Promise<readonly string[]> {
  const { site } = moved;
  const problems: string[] = [];
  const demand = (isSo: boolean, problem: string) => isSo || problems.push(problem);
  await moved.startAt(Date.now(), 'UTC');
  const traffic = new Traffic(site);
  const tenant = await traffic.addTenant();
  const endpoint = await traffic.addEndpoint(tenant);
  const early = (await headOf(tenant.caller)) + 1;
  const [first] = await traffic.publish(tenant, 60);
  await within(30_000, async () => (await due(moved)) === 0);
  for (const worker of site.running('worker')) await site.stop(worker);
  const waiting = await traffic.publish(tenant, 20);
  const last = await headOf(tenant.caller);
  await moved.stopAll();
  await moved.setClock(Date.now() + 40 * dayMs);
  await site.restore();
  const caller: Caller = { ...tenant.caller, origin: site.one('api').origin };

  demand(await within(60_000, async () => (await due(moved)) === 0), 'what waited was not sent');
  const got = new Set(
    site.ledger
      .entriesOf(endpoint.place)
      .filter(({ isVerified }) => isVerified)
      .map(({ eventId }) => eventId),
  );
  // The job cancels only what a strict order or a rate kept waiting.
  const ended = await site.sql<{ status: string; failure_reason: string | null; n: number }>(
    `select status, failure_reason, count(*)::integer as n from delivery_log
      where owner_id = (select id from tenant where external_id = $1) and position > $2 and previous_status is not null
      group by 1, 2`,
    [tenant.name, last],
  );
  const numberOf = (status: string, reason: string | null) =>
    ended.find((one) => one.status === status && one.failure_reason === reason)?.n ?? 0;
  const [sent, cancelled] = [numberOf('SUCCEEDED', null), numberOf('FAILED', 'CANCELLED')];
  console.log(`  of 20 that waited, ${sent} were sent and ${cancelled} were cancelled`);
  demand(sent === 20 && got.size === 80, `not all ended: ${JSON.stringify(ended)}`);
  demand(waiting.length === 20, 'not all were accepted');
  const began = performance.now();
  await moved.job('retention');
  console.log(`  retention took ${Math.round(performance.now() - began)} ms`);
  const oldest = new Date(Date.now() - (retentionDays + 1) * dayMs)
    .toISOString()
    .slice(0, 10)
    .replaceAll('-', '');
  // On a cluster the name of a shard follows.
  const kept = await moved.everywhere<{ relname: string }>(
    `select relname from pg_class
      where relkind = 'r' and substring(relname from '_([0-9]{8})(?:_[0-9]+)?$') < '${oldest}'`,
  );
  const partitions = await moved.everywhere(
    `select 1 from pg_class where relkind = 'r' and relname ~ '_[0-9]{8}(_[0-9]+)?$'`,
  );
  demand(partitions.length > 0, 'no partition was found at all');
  demand(kept.length === 0, `${kept.length} partitions past retention are still there: ${kept[0]?.relname}`);
  const [rows] = await site.sql<{ keys: number; stats: number }>(
    `select (select count(*)::integer from event_key where created_at < now() - interval '25 hours') as keys,
            (select count(*)::integer from endpoint_stat where minute < now() - interval '31 days') as stats`,
  );
  demand(rows?.keys === 0 && rows.stats === 0, `old keys or statistics are left: ${JSON.stringify(rows)}`);

  // Readers: one that is far behind is told so; one that had everything goes on without a gap.
  demand(
    /LOG_POSITION_EXPIRED/.test(await refusalOf(caller, early)),
    'a reader behind retention was not told',
  );
  const reader = await followOverWebSocket(caller, last);
  await traffic.publish({ ...tenant, caller }, 20);
  await reader.until((changes) => changes.filter(({ status }) => status === 'SUCCEEDED').length >= 20 + sent);
  await reader.stop();
  // Lists and single records.
  const old = await ask<{ event: object | null }>(caller, 'query ($id: ID!) { event(id: $id) { id } }', {
    id: idOf(first?.eventUuid),
  });
  demand(old.event === null, 'an event past retention is still shown');
  const { deliveries } = await ask<{ deliveries: { nodes: { status: string }[] } }>(
    caller,
    '{ deliveries(first: 100) { nodes { status } } }',
  );
  demand(
    deliveries.nodes.length === 20,
    `the list has ${deliveries.nodes.length} deliveries, not the 20 new ones`,
  );
  const again = await send(caller, 'mutation { replayDeliveries(input: { filter: {} }) { __typename } }');
  demand(again.body.errors === undefined, 'a bulk replay of nothing was refused');
  return problems;
}

async function due({ site }: MovedSite): Promise<number> {
  const [row] = await site.sql<{ n: number }>('select count(*)::integer as n from due');
  return row?.n ?? -1;
}

const headOf = async (caller: Caller) => (await ask<{ logHead: number }>(caller, '{ logHead }')).logHead;

const idOf = (uuid = '') => encodeId('Event', uuid);

async function refusalOf(caller: Caller, after: number): Promise<string> {
  const follower = await followOverWebSocket(caller, after);
  const refused = follower.until(() => false).catch((error: Error) => error.message);
  const refusal = await Promise.race([refused, delay(10_000, 'nothing', { ref: false })]);
  await follower.stop();
  return refusal ?? '';
}
