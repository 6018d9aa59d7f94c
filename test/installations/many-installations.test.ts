import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { mintUuid } from '../../src/ids.ts';
import { readFailuresByTenant, readInstallationCounts } from '../../src/statistics/app-analytics.ts';
import { type Apps, type Made, openApps } from '../apps/room.ts';

/** Every third tenant is not subscribed. */
const tenants = 10_000;
const subscribed = tenants - Math.floor(tenants / 3);
const perCall = 1_000;

let apps: Apps;
let owner: Actor;
let app: Made;
let service: Actor;
let names: string[];
beforeAll(async () => {
  apps = await openApps();
  owner = apps.user('owner@partner.example', await apps.addTenant('partner'));
  service = { ...apps.user('nobody@x.example'), kind: 'SERVICE', tenantId: undefined };
  await apps.registerTypes(['comment.created', 'Comment']);
  app = await readyApp('mirror');
  names = Array.from({ length: tenants }, (_, index) => `tenant-${index}`);
  await seed(app);
}, 120_000);
afterAll(() => apps.close());

async function readyApp(source: string): Promise<Made> {
  const made = await apps.makeApp(owner, source);
  await apps.setWebhook(owner, made, {
    url: 'http://127.0.0.1:9099/hook',
    streams: ['INSTALLED_TENANT_EVENTS'],
    isActive: false,
  });
  await apps.verify(made);
  await apps.publishVersion(owner, made);
  return made;
}

/** The tables as this many installations would leave them. */
async function seed(to: Made): Promise<void> {
  const db = apps.database.api;
  const ids = names.map(() => mintUuid());
  await db.query(
    `insert into tenant (id, external_id, name)
     select id, name, name from unnest($1::uuid[], $2::text[]) as t(id, name)`,
    [ids, names],
  );
  await db.query('insert into owner_log (owner_id) select unnest($1::uuid[])', [ids]);
  await db.query(
    `insert into app_installation (app_id, id, tenant_id, permissions, is_subscribed)
     select $1, installation, tenant, '{}', n % 3 <> 0
       from unnest($2::uuid[], $3::uuid[]) with ordinality as t(installation, tenant, n)`,
    [to.uuid, ids.map(() => mintUuid()), ids],
  );
  await db.query(
    `insert into app_forward (tenant_id, category, app_id, installation_id, data_types)
     select tenant_id, 'comment', app_id, id, '{}' from app_installation where app_id = $1 and is_subscribed`,
    [to.uuid],
  );
  await db.query(
    `update app_count set (installed, subscribed) = (
       select count(*), count(*) filter (where is_subscribed) from app_installation where app_id = $1
     ) where app_id = $1`,
    [to.uuid],
  );
}

async function publishAll(): Promise<number> {
  const startedAt = performance.now();
  for (let from = 0; from < names.length; from += perCall) {
    const { __typename } = await apps.act(service, 'publishEvents', {
      input: {
        events: names
          .slice(from, from + perCall)
          .map((tenant) => ({ tenant, type: 'comment.created', payload: {} })),
      },
    });
    expect(__typename).toBe('PublishEventsPayload');
  }
  return performance.now() - startedAt;
}

test('an event of each of 10,000 tenants is forwarded exactly where it is subscribed', async () => {
  await apps.forwarder.drain();
  const publishedMs = await publishAll();
  const startedAt = performance.now();
  expect(await apps.forwarder.drain()).toBe(subscribed);
  const forwardedMs = performance.now() - startedAt;
  console.info(
    `published ${tenants} in ${publishedMs.toFixed(0)} ms; forwarded ${subscribed} in ${forwardedMs.toFixed(0)} ms`,
  );
  const { rows } = await apps.database.api.query(
    `select count(*)::int as n, count(*) filter (where not i.is_subscribed)::int as wrong,
            count(distinct d.tenant_id)::int as tenants
       from delivery d join app_installation i on i.app_id = d.owner_id and i.id = d.installation_id
      where d.owner_id = $1 and i.tenant_id = d.tenant_id`,
    [app.uuid],
  );
  expect(rows).toEqual([{ n: subscribed, wrong: 0, tenants: subscribed }]);
}, 120_000);

test('the analytics are what a direct count says, and cost the same with one installation', async () => {
  const until = new Date(Date.now() + 60_000);
  const window = { since: new Date(until.getTime() - 3_600_000), until };
  const { data } = await apps.ask(
    owner,
    `query ($since: DateTime!, $until: DateTime!) { app(id: "${app.id}") { webhookAnalytics(since: $since, until: $until) {
       installedTenants subscribedTenants recentDeliveries recentFailures failuresByTenant(first: 3) { failed }
       timeline(buckets: 10) { failed inFlight } } } }`,
    { since: window.since.toISOString(), until: window.until.toISOString() },
  );
  const { rows } = await apps.database.api.query(
    `select (select count(*)::int from app_installation where app_id = $1 and revoked_at is null) as installed,
            (select count(*)::int from app_installation where app_id = $1 and revoked_at is null and is_subscribed) as subscribed,
            count(*)::int as deliveries, count(*) filter (where status = 'FAILED')::int as failures
       from delivery where owner_id = $1`,
    [app.uuid],
  );
  const analytics = Object(data?.app).webhookAnalytics;
  expect([
    analytics.installedTenants,
    analytics.subscribedTenants,
    analytics.recentDeliveries,
    analytics.recentFailures,
  ]).toEqual([rows[0].installed, rows[0].subscribed, rows[0].deliveries, rows[0].failures]);
  expect(analytics.timeline.reduce((sum: number, bucket: { failed: number }) => sum + bucket.failed, 0)).toBe(
    rows[0].failures,
  );
  expect(analytics.failuresByTenant).toHaveLength(3);

  const small = await readyApp('small');
  const one = apps.user('admin@one.example', await apps.addTenant('one'));
  await apps.install(one, small);
  const counted = async (made: Made) => {
    const startedAt = performance.now();
    for (let n = 0; n < 50; n += 1) await readInstallationCounts(apps.database.query, made.uuid);
    return (performance.now() - startedAt) / 50;
  };
  await counted(small);
  const [many, few] = [await counted(app), await counted(small)];
  const startedAt = performance.now();
  await readFailuresByTenant(apps.database.query, app.uuid, { window, first: 10 });
  console.info(
    `counts: ${many.toFixed(2)} ms with ${tenants} installations, ${few.toFixed(2)} ms with 1; failures of ${rows[0].failures} by tenant ${(performance.now() - startedAt).toFixed(1)} ms`,
  );
});

test('publishing costs the same whatever apps a tenant has that are not concerned', async () => {
  const tenant = await apps.addTenant('busy');
  const publisher = apps.user('admin@busy.example', tenant);
  const publish = async () => {
    const times: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      const startedAt = performance.now();
      await apps.publish(publisher, 'comment.created');
      times.push(performance.now() - startedAt);
    }
    return times.sort((a, b) => a - b)[30] ?? 0;
  };
  await publish();
  const without = await publish();
  // This many apps are installed and subscribed, but declare other categories.
  await apps.database.api.query(
    `insert into app_forward (tenant_id, category, app_id, installation_id, data_types)
     select $1, 'invoice', gen_random_uuid(), gen_random_uuid(), '{}' from generate_series(1, 10000)`,
    [tenant],
  );
  const among = await publish();
  console.info(
    `publish p50: ${without.toFixed(2)} ms without apps, ${among.toFixed(2)} ms among 10,000 that are not concerned`,
  );
  expect(among).toBeLessThan(without * 2 + 5);
});
