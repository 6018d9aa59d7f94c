import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Look, openConsole, startBrowser, violations } from '../support/browser.ts';
import {
  ask,
  type Caller,
  createEndpoint,
  publish,
  registerEventType,
  updateEndpoint,
} from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** The things that a person manages in the console: endpoints, event types, apps, keys, the audit log. */
let stage: Stage;
let server: ServerProcess;
let admin: Caller;
let receiver: Receiver;
let browser: Browser;
const nasty = '<img src=x onerror=alert(1)>';
let endpointId: string;
beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer({ RETRY_SCHEDULE: '0' });
  const opening = startBrowser();
  admin = await stage.callerOf(server, { email: 'admin@acme.example', email_verified: true });
  receiver = await stage.startReceiver();
  const schema = { type: 'object', properties: { id: { type: 'string', description: nasty } } };
  for (const name of ['order.paid', 'order.sent', 'user.left']) {
    const description = 'unbroken'.repeat(40);
    await registerEventType(admin, { name, example: { id: 'o1' }, schema, description });
  }
  ({ id: endpointId } = await createEndpoint(admin, {
    url: `${receiver.url}?of=first`,
    events: ['order.*'],
  }));
  await publish(admin, [{ type: 'order.paid', payload: { id: nasty } }]);
  await ask(admin, 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename } }', {
    input: { name: nasty, permissions: ['MANAGE_WEBHOOKS'] },
  });
  await ask(admin, 'mutation ($input: CreateAppInput!) { createApp(input: $input) { __typename } }', {
    input: { name: nasty, source: 'ledger' },
  });
  browser = await opening;
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

async function open(path: string, look: Look = {}, as = admin) {
  const opened = await openConsole(browser, as, path, look);
  await opened.page.locator('h1').waitFor();
  await opened.page.locator('.skeleton').waitFor({ state: 'detached' });
  return opened;
}

const looks = [
  { scheme: 'light', width: 1200, height: 860 },
  { scheme: 'dark', width: 1200, height: 860 },
  { scheme: 'dark', width: 360, height: 860 },
  { scheme: 'light', width: 360, height: 860 },
] as const;

const paths = [
  ...['/endpoints', '/endpoints/new', '/endpoints/:id', '/apps', '/keys', '/audit'],
  ...['/event-types', '/event-types/order.paid', '/event-types/new'],
];

test.each(paths)('is free of axe’s findings and as wide as the window, in every look: %s', async (path) => {
  const { page, complaints, close } = await open(path.replace(':id', endpointId));
  for (const { scheme, width, height } of looks) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    const look = `${scheme}, ${width}`;
    await expect
      .poll(() => page.evaluate('document.documentElement.scrollWidth - innerWidth'), { message: look })
      .toBeLessThanOrEqual(0);
    expect(await page.locator('h1').count(), look).toBe(1);
    expect(await violations(page), look).toEqual([]);
  }
  expect(complaints).toEqual([]);
  await close();
});

test('an endpoint is made, shows its secret once, passes its handshake before one’s eyes, and is tested', async () => {
  const { page, complaints, close } = await open('/endpoints/new');
  const url = page.getByLabel('URL');
  await url.fill('ftp://example.com');
  await expect.poll(() => page.getByText('It begins with https://').isVisible()).toBe(true);
  await url.fill(`${receiver.url}?of=made`);
  await page.getByRole('button', { name: 'Create the endpoint' }).click();
  await page.getByText('Choose at least one event type.').waitFor();
  await page.getByRole('checkbox', { name: /^order\.\*/ }).check();
  await page.getByText('order.* matches 2').waitFor();
  await page.getByRole('button', { name: 'Create the endpoint' }).click();
  const secret = await page.locator('.secret-text').textContent();
  expect(secret).toMatch(/^whsec_/);
  await page.getByText('The receiver has shown that it wants the deliveries.').waitFor();
  await page.getByRole('button', { name: 'Send a test event' }).click();
  await page.getByRole('link', { name: 'See its delivery' }).waitFor();
  await page.reload();
  await page.locator('h1').waitFor();
  expect(await page.content()).not.toContain(secret);
  expect(complaints).toEqual([]);
  await close();
});

test('what the server refuses is said at its field, and what was typed stays', async () => {
  const { page, close } = await open('/endpoints/new');
  await page.getByLabel('URL').fill('https://10.0.0.1/hooks');
  await page.getByLabel('Description').fill('kept');
  await page.getByRole('checkbox', { name: /^\*/ }).check();
  await page.getByRole('button', { name: 'Create the endpoint' }).click();
  await page.getByText(/may not be sent to/).waitFor();
  expect(await page.getByLabel('Description').inputValue()).toBe('kept');
  await close();
});

test('an endpoint is paused, enabled and purged by keyboard, and not by a slip', async () => {
  const { id } = await createEndpoint(admin, { url: `${receiver.url}?of=purged`, events: ['user.left'] });
  await publish(admin, [{ type: 'user.left', payload: { id: 'u1' } }]);
  const { page, complaints, close } = await open(`/endpoints/${id}`);
  await page.getByRole('button', { name: 'Pause' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('What comes now waits until it goes on.').waitFor();
  await page.getByRole('button', { name: 'Resume' }).press('Enter');
  await page.getByText('It goes on, with what has waited first.').waitFor();
  await page.getByRole('button', { name: 'Purge' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Purge the deliveries' });
  await dialog.getByText(/^1 deliveries/).waitFor();
  const act = dialog.getByRole('button', { name: 'Purge them' });
  expect(await act.isDisabled()).toBe(true);
  await dialog.getByRole('textbox').fill('wrong host');
  await page.keyboard.press('Enter');
  expect(await act.isDisabled()).toBe(true);
  await dialog.getByRole('textbox').fill(new URL(receiver.url).host);
  await page.keyboard.press('Enter');
  await page.getByText('1 deliveries are purged.').waitFor();
  expect(complaints).toEqual([]);
  await close();
});

/** The id of the app's endpoint, from the link that the page shows. */
async function endpointOf(page: Page): Promise<string> {
  const href = await page.getByRole('link', { name: /of=app$/ }).getAttribute('href');
  return href?.split('/').at(-1) ?? '';
}

test('an app gets its webhook, publishes a version and invites somebody', async () => {
  const { page, complaints, close } = await open('/apps');
  await page.getByRole('link', { name: nasty }).click();
  await page.getByRole('button', { name: 'Set the webhook' }).click();
  const webhook = page.getByRole('dialog', { name: 'Webhook' });
  await webhook.getByLabel('URL').fill(`${receiver.url}?of=app`);
  await webhook.getByLabel('Event types').fill('order.nonsense');
  await webhook.getByRole('button', { name: 'Set the webhook' }).click();
  await webhook.getByText(/no event type .order\.nonsense/).waitFor();
  await webhook.getByLabel('Event types').fill('order.*');
  await webhook.getByRole('button', { name: 'Set the webhook' }).click();
  await page.getByRole('link', { name: `${receiver.url}?of=app` }).waitFor();
  await page.getByRole('button', { name: 'Change the webhook' }).click();
  await webhook.getByLabel('Description').fill('Ours');
  await webhook.getByRole('button', { name: 'Set the webhook' }).click();
  await webhook.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Change the webhook' }).click();
  expect(await webhook.getByLabel('Description').inputValue()).toBe('Ours');
  await page.keyboard.press('Escape');
  await webhook.waitFor({ state: 'detached' });
  await updateEndpoint(admin, { id: await endpointOf(page), description: 'Theirs' });
  await page.getByRole('button', { name: 'Change the webhook' }).click();
  expect(await webhook.getByLabel('Description').inputValue()).toBe('Theirs');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Publish a version' }).click();
  const version = page.getByRole('dialog', { name: 'Publish a version' });
  await version.getByLabel('Version').fill('1.0.0');
  await version.getByLabel('Categories that are forwarded').fill('order');
  await version.getByRole('button', { name: 'Publish it' }).click();
  await page.getByRole('region', { name: 'Versions' }).getByText('1.0.0').waitFor();

  await page.getByRole('button', { name: 'Invite somebody' }).click();
  const invite = page.getByRole('dialog', { name: 'Invite somebody' });
  await invite.getByLabel('Email').fill('bea@partner.example');
  await invite.getByRole('button', { name: 'Invite' }).click();
  expect(await invite.locator('.secret-text').textContent()).toMatch(/^hgi_/);
  await page.keyboard.press('Escape');
  await page.getByText('bea@partner.example, invited').waitFor();
  expect(await violations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('how an endpoint is sent to is set in its form, and a secret header is kept unseen', async () => {
  const { id } = await createEndpoint(admin, { url: `${receiver.url}?of=sending`, events: ['user.left'] });
  const { page, complaints, close } = await open(`/endpoints/${id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit the endpoint' });
  await dialog.getByText('How it is sent').click();
  await dialog.getByRole('button', { name: 'Add a header' }).click();
  await dialog.getByLabel('Name of header 1').fill('x-gateway-key');
  await dialog.getByLabel('Value of header 1').fill('top-secret');
  await dialog.getByLabel('How header 1 is sent').selectOption('is a secret');
  await dialog.getByLabel('Delays before the attempts').fill('0, five');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Whole numbers of seconds').waitFor();
  await dialog.getByLabel('Delays before the attempts').fill('0, 5');
  await dialog.getByLabel('Seconds for a whole attempt').fill('2.5');
  await dialog.getByLabel('Statuses that end').fill('400, 422');
  await dialog.getByLabel('Trace').selectOption('Is handed on in the header traceparent');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('x-gateway-key: secret').waitFor();

  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByText('How it is sent').click();
  expect(await dialog.getByLabel('Value of header 1').inputValue()).toBe('');
  await dialog.getByLabel('Statuses that end').fill('');
  // What somebody else changes while the form is open is not written over.
  await updateEndpoint(admin, { id, maxDeliveriesPerSecond: 7 });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain('top-secret');
  const arrived = receiver.until(receiver.received.length + 1);
  await publish(admin, [{ type: 'user.left', payload: { id: 'u1' } }]);
  await arrived;
  await expect
    .poll(() =>
      receiver.received.some(
        ({ path, headers }) => path.includes('of=sending') && headers['x-gateway-key'] === 'top-secret',
      ),
    )
    .toBe(true);
  const { endpoint } = await ask<{ endpoint: object }>(
    admin,
    'query ($id: ID!) { endpoint(id: $id) { retrySchedule timeoutMs stopOn headerPrefix sendTraceparent maxDeliveriesPerSecond } }',
    { id },
  );
  expect(endpoint).toEqual({
    ...{ retrySchedule: [0, 5], timeoutMs: 2_500, stopOn: [], headerPrefix: 'webhook-' },
    ...{ sendTraceparent: true, maxDeliveriesPerSecond: 7 },
  });
  expect(complaints).toEqual([]);
  await close();
});

test('an endpoint takes some events only, in order, signed by a key pair, and is sent what it did not get', async () => {
  await publish(admin, [
    { type: 'user.left', payload: { id: 'u1', plan: 'free' } },
    { type: 'user.left', payload: { id: 'u2', plan: 'team, "big"' } },
  ]);
  const { page, complaints, close } = await open('/endpoints/new');
  await page.getByLabel('URL').fill(`${receiver.url}?of=filtered`);
  await page.getByRole('checkbox', { name: /^user\.left/ }).check();
  await page.getByRole('button', { name: 'Add a condition' }).click();
  await page.getByRole('button', { name: 'Create the endpoint' }).click();
  await page.getByText('Type what it is compared with').waitFor();
  await page.getByLabel('Path of condition 1').fill('/data/plan');
  await page.getByLabel('Operator of condition 1').selectOption('is one of');
  await page.getByLabel('Value of condition 1').fill('12, "team, \\"big\\""');
  const preview = page.getByRole('region', { name: 'What the filter would have done' });
  await preview.getByText(/^1 of the newest \d+ user\.left would have passed/).waitFor();
  await preview
    .getByText('passes', { exact: true })
    .or(preview.getByText(/ passes$/))
    .first()
    .waitFor();
  await page.getByText('How it is sent').click();
  await page.getByLabel('Order', { exact: true }).selectOption({ index: 1 });
  await page.getByLabel('Signature', { exact: true }).selectOption({ index: 1 });
  await page.getByLabel('Who gets a mail').fill('ops@acme.example, oncall@acme.example');
  await page.getByRole('button', { name: 'Add a header' }).click();
  await page.getByLabel('Name of header 1').fill('x-hub-signature-256');
  await page.getByLabel('How header 1 is sent').selectOption('is a key that signs the body');
  await page.getByLabel('Value of header 1').fill('old-key');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Create the endpoint' }).click();
  await page.getByText('Give its public key to the receiver').waitFor();
  const publicKey = (await page.locator('.secret-text').textContent()) ?? '';
  expect(publicKey).toMatch(/^whpk_/);
  await page.getByText('The receiver has shown that it wants the deliveries.').waitFor();

  await page.getByRole('link', { name: `${receiver.url}?of=filtered` }).click();
  await page.getByText('/data/plan is one of 12, "team, \\"big\\""').waitFor();
  await page.getByRole('region', { name: 'Signing keys' }).getByText(publicKey).waitFor();
  await page.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit the endpoint' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  const [id = ''] = new URL(page.url()).pathname.split('/').slice(-1);
  const { endpoint } = await ask<{ endpoint: object }>(
    admin,
    `query ($id: ID!) { endpoint(id: $id) {
       filter { path op value } ordering signature alertEmails headers { name isSecret signsBody } } }`,
    { id },
  );
  expect(endpoint).toEqual({
    filter: [{ path: '/data/plan', op: 'IN', value: [12, 'team, "big"'] }],
    ordering: 'STRICT',
    signature: 'ED25519',
    alertEmails: ['ops@acme.example', 'oncall@acme.example'],
    headers: [{ name: 'x-hub-signature-256', isSecret: true, signsBody: true }],
  });

  await page.getByRole('button', { name: 'Recover' }).click();
  const recover = page.getByRole('dialog', { name: 'Recover' });
  await recover.getByText(/that it never had a delivery of/).waitFor();
  expect(await violations(page)).toEqual([]);
  await recover.getByRole('button', { name: /^Send \d+$/ }).click();
  await page
    .getByRole('dialog', { name: 'Recovering' })
    .getByText(/^Done: (\d+) of \1 replayed/)
    .waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await expect
    .poll(() => receiver.received.filter(({ path }) => path.includes('of=filtered')).length)
    .toBeGreaterThan(2);
  expect(complaints).toEqual([]);
  await close();
});

test('an event is published by hand, digit by digit', async () => {
  const { page, complaints, close } = await open('/event-types/order.paid');
  await page.getByLabel('Payload', { exact: true }).fill('{"id": "by-hand", "big": 12345678901234567890');
  await page.getByText('This is not JSON yet').waitFor();
  await page.getByLabel('Payload', { exact: true }).fill('{"id": "by-hand", "big": 12345678901234567890}');
  await page.getByRole('button', { name: 'Publish it' }).click();
  await page.getByText(/^Published, with \d+ deliver/).waitFor();
  await expect
    .poll(() => receiver.received.some(({ body }) => body.includes('"big": 12345678901234567890')))
    .toBe(true);
  await page.getByRole('link', { name: 'See the event' }).click();
  await page.getByRole('heading', { level: 1, name: 'Event' }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('a key is made, shown once and revoked', async () => {
  const { page, close } = await open('/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog', { name: 'New key' });
  await dialog.getByLabel('Name').fill('by hand');
  await dialog.getByRole('checkbox', { name: 'manage_webhooks' }).check();
  await dialog.getByRole('button', { name: 'Create the key' }).click();
  const key = (await page.locator('.secret-text').textContent()) ?? '';
  expect(key).toMatch(/^hgk_/);
  await page.getByRole('button', { name: 'Revoke by hand' }).click();
  const revoke = page.getByRole('dialog', { name: 'Revoke by hand' });
  await revoke.getByRole('textbox').fill(key.slice(-4));
  await revoke.getByRole('button', { name: 'Revoke it' }).click();
  await page.getByText('Revoked').waitFor();
  await close();
});

test('what a credential may not do is not shown as if it could', async () => {
  const publisher = await stage.callerOf(server, { permissions: ['publish_events'] });
  const { page, close } = await open('/event-types', {}, publisher);
  expect(await page.getByRole('link', { name: 'Register a type' }).count()).toBe(0);
  await page.goto(`${server.origin}/console/endpoints`);
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('link', { name: 'New endpoint' }).count()).toBe(0);
  expect(await page.getByText('manage_webhooks').isVisible()).toBe(true);
  await page.goto(`${server.origin}/console/apps`);
  await page.getByRole('alert').filter({ hasText: 'manage_apps' }).waitFor();
  await page.goto(`${server.origin}/console`);
  await page.getByRole('heading', { level: 1, name: 'Event types' }).waitFor();
  await close();
});

test('a link begins another view at its top, with its title and the focus, and back returns to the place', async () => {
  const { page, close } = await open('/event-types', { height: 300 });
  await page.evaluate('scrollTo(0, 9000)');
  await page.getByRole('link', { name: 'user.left' }).click();
  await page.getByRole('heading', { level: 1, name: 'user.left' }).waitFor();
  expect(await page.evaluate('[scrollY, document.activeElement.id]')).toEqual([0, 'content']);
  expect(await page.title()).toBe('user.left · Heliograph');
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Event types' }).waitFor();
  await expect.poll(() => page.evaluate('scrollY')).toBeGreaterThan(0);
  await close();
});

test('the address contains the audit log’s filter, and back undoes it', async () => {
  const { page, close } = await open('/audit');
  const rows = () => page.locator('tbody tr').count();
  const all = await rows();
  await page.getByLabel('Action').fill('api_key.create');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL(/action=api_key\.create/);
  await expect.poll(rows).toBeLessThan(all);
  await page.goBack();
  await expect.poll(rows).toBe(all);
  await close();
});
