import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { photograph, startBrowser, violations, visit } from '../support/browser.ts';
import { type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let receiver: Receiver;
let endpointId: string;
let browser: Browser;
/** While this is set, the receiver refuses everything. */
let isBroken = false;
const evil = '<img src=x onerror=alert(1)>';

beforeAll(async () => {
  stage = await openStage();
  [server, browser] = await Promise.all([
    stage.startServer({ RETRY_SCHEDULE: '0,0', TRUSTED_DOCUMENTS_ONLY: 'false' }),
    startBrowser(),
  ]);
  caller = await stage.callerOf(server);
  receiver = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(isBroken ? 500 : 204).end(isBroken ? evil : undefined),
  });
  await registerEventType(caller, { name: 'order.created', example: { total: 1 } });
  const endpoint = await createEndpoint(caller, {
    url: `${receiver.url}?q=${encodeURIComponent(evil)}`,
    events: ['order.created'],
  });
  endpointId = endpoint.id;
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

const order = (n: number) => ({ type: 'order.created', payload: { n, note: evil } });
const consoleUrl = (path = '') => `${server.origin}/console${path}`;
const signedIn = (path = '') => `${consoleUrl(path)}#token=${caller.token}`;

test('is served with its policy, is kept for ever by name, and goes where it is accepted compressed', async () => {
  const page = await fetch(consoleUrl());
  const html = await page.text();
  expect(page.headers.get('content-security-policy')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
  );
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  const [, script = ''] = /<script type="module" src="([^"]+)"/.exec(html) ?? [];
  for (const coding of ['br', 'gzip', '']) {
    const file = await fetch(server.origin + script, { headers: { 'accept-encoding': coding } });
    expect([coding, file.status, file.headers.get('content-encoding') ?? '']).toEqual([coding, 200, coding]);
    expect(file.headers.get('cache-control')).toContain('immutable');
    expect(await file.text()).toContain('Sign out');
  }
  expect((await fetch(consoleUrl('/assets/none.js'))).status).toBe(404);
});

test('a browser at / is led to the console, everybody else gets the page of links', async () => {
  const browserAnswer = await fetch(server.origin, { headers: { accept: 'text/html' }, redirect: 'manual' });
  expect([browserAnswer.status, browserAnswer.headers.get('location')]).toEqual([302, '/console']);
  expect((await fetch(server.origin, { redirect: 'manual' })).status).toBe(200);
});

test('an address with a slash at its end leads to the one without it, with its filters', async () => {
  const asked = await fetch(consoleUrl('/deliveries/?status=FAILED&type=a%26b'), { redirect: 'manual' });
  expect([asked.status, asked.headers.get('location')]).toEqual([
    308,
    '/console/deliveries?status=FAILED&type=a%26b',
  ]);
  expect((await fetch(consoleUrl('/events/evt_1/'))).headers.get('content-type')).toContain('text/html');
});

test('signs in by the link once, and keeps the token out of the address and of what outlives the tab', async () => {
  const { context, page, complaints } = await visit(browser);
  await page.goto(signedIn('/deliveries'));
  await page.getByRole('heading', { level: 1, name: 'Deliveries' }).waitFor();
  expect(page.url()).toBe(consoleUrl('/deliveries'));
  expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await page.getByLabel('Token or API key').fill('nonsense');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
  await page.getByLabel('Token or API key').fill(caller.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test('a view that cannot be loaded or that throws leaves the rest of the page', async () => {
  const { context, page } = await visit(browser);
  const missing = page.getByRole('heading', { level: 1, name: 'Something is missing' });
  await page.route(/endpoints-view-/, (route) => route.abort());
  await page.goto(signedIn('/event-types'));
  const navigation = page.getByRole('navigation', { name: 'Main' });
  await navigation.getByRole('link', { name: 'Endpoints' }).click();
  await missing.waitFor();
  await page.unroute(/endpoints-view-/);
  await page.getByRole('button', { name: 'Load the page again' }).click();
  await page.getByRole('heading', { level: 1, name: 'Endpoints' }).waitFor();

  await page.route(/graphql$/, async (route) => {
    if (route.request().postData()?.includes('apps(') !== true) return await route.continue();
    const answer = await (await route.fetch()).json();
    Object.assign(answer.data.apps, { totalCount: 1, nodes: [null] });
    await route.fulfill({ json: answer });
  });
  await navigation.getByRole('link', { name: 'Apps' }).click();
  await missing.waitFor();
  await page.unroute(/graphql$/);
  // Another address of the same view is tried again.
  await page.evaluate("history.pushState(null, '', '/console/apps?after=nothing')");
  await page.getByRole('alert').filter({ hasText: 'not a cursor' }).waitFor();
  await navigation.getByRole('link', { name: 'Event types' }).click();
  await page.getByRole('heading', { level: 1, name: 'Event types' }).waitFor();
  await context.close();
});

test('what was typed stays while a credential ends, for the same person only', async () => {
  const other = await stage.callerOf(server, { sub: 'bea', permissions: ['manage_webhooks'] });
  const { context, page, complaints } = await visit(browser);
  await page.goto(signedIn('/endpoints/new'));
  const description = page.getByLabel('Description');
  const signIn = async (token: string) => {
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    expect(await description.isVisible()).toBe(false);
    await page.getByLabel('Token or API key').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'New endpoint' }).waitFor();
  };
  const endCredential = async () => {
    await page.getByLabel('URL').fill(receiver.url);
    await page.getByRole('checkbox', { name: 'order.created' }).check();
    await page.route(/graphql$/, (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer ended' } }),
    );
    await page.getByRole('button', { name: 'Create the endpoint' }).click();
    await page.getByRole('alert').filter({ hasText: 'Sign in again' }).waitFor();
    await page.unroute(/graphql$/);
  };
  await description.fill('Half of a sentence');
  await endCredential();
  await signIn(caller.token);
  expect(await description.inputValue()).toBe('Half of a sentence');
  await endCredential();
  await signIn(other.token);
  expect(await description.inputValue()).toBe('');
  expect(complaints).toEqual([]);
  await context.close();
});

test('the table shows what happens as it happens, and follows a server that starts again', async () => {
  const { context, page, complaints } = await visit(browser);
  await page.goto(signedIn('/deliveries'));
  const table = page.getByRole('grid', { name: 'Deliveries' });
  const indicator = page.getByRole('status');
  await indicator.filter({ hasText: /^Live at \d+$/ }).waitFor();
  await publish(caller, [order(1)]);
  await table.getByText('Succeeded').waitFor();
  isBroken = true;
  await publish(caller, [order(2)]);
  await table.getByText('Dead letter').waitFor();
  isBroken = false;

  const { port } = new URL(server.origin);
  await server.stop();
  await indicator.filter({ hasText: 'Reconnecting' }).waitFor();
  server = await stage.startServer({ RETRY_SCHEDULE: '0,0', PORT: port });
  await indicator.filter({ hasText: /^Live at/ }).waitFor();
  await publish(caller, [order(3)]);
  await expect.poll(() => table.getByText('Succeeded').count(), { timeout: 20_000 }).toBe(2);
  expect(complaints).toEqual([]);
  await context.close();
});

test('pause holds the view and not the stream; filters stand in the address', async () => {
  const { context, page } = await visit(browser);
  await page.goto(signedIn('/deliveries?status=DEAD_LETTER'));
  const table = page.getByRole('grid', { name: 'Deliveries' });
  await table.getByText('Dead letter').waitFor();
  expect(await table.getByText('Succeeded').count()).toBe(0);
  await page.getByLabel('Succeeded').check();
  await expect.poll(() => table.getByText('Succeeded').count()).toBe(2);
  expect(page.url()).toContain('status=SUCCEEDED%2CDEAD_LETTER');
  await page.getByRole('status').filter({ hasText: /^Live/ }).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Paused at/ })
    .waitFor();
  const arrived = receiver.until(receiver.received.length + 1);
  await publish(caller, [order(4)]);
  await arrived;
  expect(await table.getByText('Succeeded').count()).toBe(2);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect.poll(() => table.getByText('Succeeded').count()).toBe(3);
  // Rows that come leave alone what is being typed.
  await page.getByLabel('Event type').fill('ord');
  await publish(caller, [order(5)]);
  await expect.poll(() => table.getByText('Succeeded').count(), { timeout: 20_000 }).toBe(4);
  expect(await page.getByLabel('Event type').inputValue()).toBe('ord');
  await page.getByLabel('Event type').fill('');
  await page.goBack();
  await expect.poll(() => table.getByText('Succeeded').count()).toBe(0);
  // Rows that were held are not those of another filter.
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByLabel('Answered with').fill('500');
  await page.keyboard.press('Enter');
  await page
    .getByRole('status')
    .filter({ hasText: /^Read at \d+, not live$/ })
    .waitFor();
  expect(await table.locator('.grid-space').getByRole('row').count()).toBe(1);
  await page.getByLabel('Error contains').fill('no such text');
  await page.keyboard.press('Enter');
  await table.getByText('No delivery matches.').waitFor();
  await page.goBack();
  await expect.poll(() => table.getByText('Dead letter').count()).toBe(1);
  expect(await page.getByLabel('Error contains').inputValue()).toBe('');
  await page.goto(consoleUrl(`/deliveries?status=NONSENSE&endpoint=${endpointId}`));
  await page.getByRole('alert').filter({ hasText: 'no such status' }).waitFor();
  await context.close();
});

test('a dead letter is opened by keyboard, shown as text, and replayed', async () => {
  const { context, page, complaints } = await visit(browser);
  await page.goto(signedIn('/deliveries?status=DEAD_LETTER'));
  const row = page.getByRole('grid').getByRole('row').filter({ hasText: 'Dead letter' });
  await row.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Delivery' });
  await dialog.getByRole('region', { name: 'Attempt 2: response body' }).filter({ hasText: evil }).waitFor();
  expect(await violations(page)).toEqual([]);
  const arrived = receiver.until(receiver.received.length + 1);
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await arrived;
  await dialog.getByRole('link', { name: /^dlv_/ }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Delivery' }).waitFor();
  await page.getByText('1 of 2').waitFor();
  expect(await page.locator('img').count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

test.each([
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 360 },
] as const)('axe finds nothing against it, $scheme at $width px', async ({ scheme, width }) => {
  const { context, page, complaints } = await visit(browser, { scheme, width });
  await page.goto(consoleUrl());
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.goto(signedIn('/deliveries'));
  await page.reload();
  await page.getByRole('grid').getByText('Dead letter').waitFor();
  expect(await violations(page)).toEqual([]);
  await photograph(page, `deliveries-${scheme}-${width}`);
  await page.getByRole('button', { name: 'GraphQL of this view' }).click();
  await page.getByRole('dialog', { name: 'GraphQL of this view' }).waitFor();
  expect(await violations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});
