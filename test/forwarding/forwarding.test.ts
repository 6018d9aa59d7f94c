import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { decodeId } from '../../src/ids.ts';
import { type Apps, type Made, openApps } from '../apps/room.ts';
import { createWorker } from '../support/worker.ts';

let apps: Apps;
let owner: Actor;
let customer: Actor;
let count = 0;
beforeAll(async () => {
  apps = await openApps();
  owner = apps.user('owner@partner.example', await apps.addTenant('partner'));
  customer = apps.user('admin@acme.example', await apps.addTenant('acme'));
  await apps.registerTypes(
    ['comment.created', 'Comment'],
    ['comment.liked', 'Like'],
    ['invoice.paid', 'Invoice'],
  );
});
afterAll(() => apps.close());

/** An app with a verified webhook, without its own lifecycle events. */
async function readyApp(
  options: { input?: object; categories?: string[]; dataTypes?: string[] } = {},
): Promise<Made> {
  count += 1;
  const app = await apps.makeApp(owner, `app-${count}`);
  await apps.setWebhook(owner, app, {
    url: 'http://127.0.0.1:9099/hook',
    streams: ['INSTALLED_TENANT_EVENTS'],
    ...options.input,
  });
  await apps.verify(app);
  await apps.publishVersion(owner, app, options);
  return app;
}

async function forwarded(app: Made): Promise<string[]> {
  await apps.forwarder.drain();
  return (await apps.eventsOf(app)).filter(({ tenant }) => tenant !== null).map(({ type }) => type);
}

async function outbox(): Promise<number> {
  const { rows } = await apps.database.api.query<{ n: number }>(
    'select count(*)::int as n from app_forward_outbox',
  );
  return rows[0]?.n ?? 0;
}

test('an event is copied under its own id, once, with one delivery that names installation and tenant', async () => {
  const app = await readyApp();
  const installation = await apps.install(customer, app);
  await apps.publish(customer, 'comment.created');
  expect(await outbox()).toBe(1);
  await apps.forwarder.drain();
  expect(await outbox()).toBe(0);
  const { rows } = await apps.database.api.query(
    `select a.id = t.id as same_id, a.body = t.body as same_body, d.installation_id, d.tenant_id, d.status
       from event a join event t on t.id = a.id and t.owner_id = $2
       join delivery d on d.owner_id = a.owner_id and d.event_id = a.id where a.owner_id = $1`,
    [app.uuid, customer.tenantId],
  );
  expect(rows).toEqual([
    {
      same_id: true,
      same_body: true,
      installation_id: decodeId('AppInstallation', installation),
      tenant_id: customer.tenantId,
      status: 'PENDING',
    },
  ]);
});

test('only what is declared, subscribed, wanted and filtered in is forwarded', async () => {
  const byCategory = await readyApp();
  const byDataType = await readyApp({ dataTypes: ['Like'] });
  const byFilter = await readyApp({
    input: { events: ['comment.liked'] },
    categories: ['comment', 'invoice'],
  });
  const lifecycleOnly = await readyApp({ input: { streams: ['LIFECYCLE'] } });
  const unsubscribed = await readyApp();
  const notInstalled = await readyApp();
  for (const app of [byCategory, byDataType, byFilter, lifecycleOnly]) await apps.install(customer, app);
  await apps.install(customer, unsubscribed, false);
  await apps.publish(customer, 'comment.created', 'comment.liked', 'invoice.paid');
  expect(await forwarded(byCategory)).toEqual(['comment.created', 'comment.liked']);
  expect(await forwarded(byDataType)).toEqual(['comment.liked']);
  expect(await forwarded(byFilter)).toEqual(['comment.liked']);
  for (const app of [lifecycleOnly, unsubscribed, notInstalled]) expect(await forwarded(app)).toEqual([]);
});

test('another version rules from its publication on', async () => {
  const app = await readyApp();
  await apps.install(customer, app);
  await apps.publish(customer, 'comment.created');
  await apps.publishVersion(owner, app, { version: '2.0.0', categories: ['invoice'] });
  await apps.publish(customer, 'comment.created', 'invoice.paid');
  expect(await forwarded(app)).toEqual(['comment.created', 'invoice.paid']);
});

test('what a crash leaves half done is carried over again and changes nothing', async () => {
  const app = await readyApp();
  await apps.install(customer, app);
  await apps.publish(customer, 'comment.created', 'comment.created');
  const kept = await apps.database.api.query('select * from app_forward_outbox where app_id = $1', [
    app.uuid,
  ]);
  await apps.forwarder.drain();
  // The app's transaction was committed, but the removal of the rows was not.
  for (const row of kept.rows) {
    await apps.database.api.query(
      `insert into app_forward_outbox (owner_id, event_id, app_id, installation_id, app_group) values ($1, $2, $3, $4, $5)`,
      [row.owner_id, row.event_id, row.app_id, row.installation_id, row.app_group],
    );
  }
  await Promise.all([apps.forwarder.drain(), apps.forwarder.drain(), apps.forwarder.drain()]);
  expect(await apps.eventsOf(app)).toHaveLength(
    2 + (await apps.eventsOf(app)).filter(({ tenant }) => tenant === null).length,
  );
  const { rows } = await apps.database.api.query('select head from owner_log where owner_id = $1', [
    app.uuid,
  ]);
  expect(rows).toEqual([{ head: 2 }]);
});

test('a webhook that cannot take it has it as FAILED, with the reason', async () => {
  const inactive = await readyApp({ input: { isActive: false } });
  await apps.install(customer, inactive);
  await apps.publish(customer, 'comment.created');
  await apps.forwarder.drain();
  const { rows } = await apps.database.api.query(
    'select status, failure_reason from delivery where owner_id = $1',
    [inactive.uuid],
  );
  expect(rows).toEqual([{ status: 'FAILED', failure_reason: 'ENDPOINT_INACTIVE' }]);
});

test('a tenant that has uninstalled leaves nothing more, and what is queued ends as INSTALLATION_REVOKED', async () => {
  const app = await readyApp();
  const id = await apps.install(customer, app);
  await apps.publish(customer, 'comment.created');
  await apps.forwarder.drain();
  await apps.publish(customer, 'comment.created');
  await apps.act(customer, 'uninstallApp', { input: { id } });
  await apps.publish(customer, 'comment.created');
  expect(await forwarded(app)).toEqual(['comment.created']);
  const worker = createWorker(apps.db);
  worker.start();
  for (;;) {
    const { rows } = await apps.database.api.query<{ failure_reason: string }>(
      `select failure_reason from delivery where owner_id = $1 and status = 'FAILED'`,
      [app.uuid],
    );
    if (rows.length === 0) continue;
    expect(rows).toEqual([{ failure_reason: 'INSTALLATION_REVOKED' }]);
    break;
  }
  await worker.stop(1_000);
});

test('two apps get a copy each', async () => {
  const [one, other] = [await readyApp(), await readyApp()];
  await apps.install(customer, one);
  await apps.install(customer, other);
  await apps.publish(customer, 'comment.created');
  expect(await forwarded(one)).toEqual(['comment.created']);
  expect(await forwarded(other)).toEqual(['comment.created']);
});

test('lifecycle events are the app’s own: without a tenant, and kept though nobody listens', async () => {
  count += 1;
  const app = await apps.makeApp(owner, `app-${count}`);
  await apps.publishVersion(owner, app);
  const id = await apps.install(customer, app);
  await apps.act(customer, 'updateInstallation', { input: { id, isSubscribed: false } });
  await apps.act(customer, 'updateInstallation', { input: { id, isSubscribed: false } });
  await apps.act(customer, 'uninstallApp', { input: { id } });
  await apps.act(owner, 'rotateAppClientSecret', { input: { appId: app.id } });
  await apps.forwarder.drain();
  await apps.forwarder.drain();
  expect(await apps.eventsOf(app)).toEqual(
    ['version_published', 'installed', 'permissions_updated', 'uninstalled', 'secret_rotated'].map(
      (name) => ({
        type: `app.${name}`,
        tenant: null,
        status: null,
      }),
    ),
  );
  const { rows } = await apps.database.api.query<{ body: string }>(
    'select body from event where owner_id = $1',
    [app.uuid],
  );
  for (const { body } of rows) expect(body).not.toMatch(/whsec_|hgs_/);
});

test('a forwarder wakes by a hint, and any number of them carry each event over once', async () => {
  const app = await readyApp();
  await apps.install(customer, app);
  apps.forwarder.start();
  apps.forwarder.start();
  await apps.publish(customer, ...Array.from({ length: 300 }, () => 'comment.created'));
  while ((await outbox()) > 0) await new Promise((resolve) => setImmediate(resolve));
  const { rows } = await apps.database.api.query('select head from owner_log where owner_id = $1', [
    app.uuid,
  ]);
  expect(rows).toEqual([{ head: 300 }]);
});
