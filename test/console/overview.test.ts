import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Look, openConsole, photograph, startBrowser, violations } from '../support/browser.ts';
import { ask, type Caller, createEndpoint, publish } from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** From an empty tenant to an overview that shows problems and how to solve them. */
let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let receiver: Receiver;
let browser: Browser;
/** While this is set, the receivers refuse all deliveries; handshakes are answered. */
let isBroken = false;

beforeAll(async () => {
  stage = await openStage();
  [server, browser] = await Promise.all([stage.startServer({ RETRY_SCHEDULE: '0,0' }), startBrowser()]);
  caller = await stage.callerOf(server);
  receiver = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(isBroken ? 503 : 204).end(),
  });
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

const open = (path = '', look: Look = {}) => openConsole(browser, caller, path, look);

/** Runs the command that the page shows in a shell. */
async function run(page: Page, name: string): Promise<unknown> {
  const command = await page.getByRole('region', { name: `${name}: curl` }).textContent();
  const { stdout } = await promisify(execFile)('sh', ['-c', command ?? ''], {
    env: { PATH: process.env.PATH ?? '', TOKEN: caller.token },
  });
  return JSON.parse(stdout);
}

test('a newcomer comes from nothing to the first delivery, by forms and by the commands beside them', async () => {
  const { page, complaints, close } = await open();
  await page.getByRole('heading', { level: 1, name: 'From nothing to the first delivery' }).waitFor();
  expect(await violations(page)).toEqual([]);
  await photograph(page, 'first-steps');

  await page.getByLabel('Name', { exact: true }).fill('order.placed');
  await page.getByLabel('Example payload').fill(`{"note": "it's here"}`);
  expect(await run(page, 'Register a type')).toMatchObject({
    data: { result: { eventType: { name: 'order.placed' } } },
  });
  await page.reload();
  await page.getByRole('heading', { name: /1\. Register an event type done/ }).waitFor();

  await page.getByLabel('URL of your receiver').fill(receiver.url);
  await page.getByRole('button', { name: 'Create it' }).click();
  await page.getByText('Its signing secret.').waitFor();
  await page.getByText('The receiver has shown that it wants the deliveries.').waitFor();

  expect(await page.getByLabel('Payload', { exact: true }).inputValue()).toBe(`{"note":"it's here"}`);
  expect(await run(page, 'Publish an event')).toMatchObject({
    data: { result: { events: [{ deliveryCount: 1 }] } },
  });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByRole('region', { name: 'Last changes' }).getByText('Succeeded').waitFor();
  await page
    .getByRole('status')
    .filter({ hasText: /^Live at \d+$/ })
    .waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('it shows what is wrong as it goes wrong, and the one act that helps', async () => {
  const { page, complaints, close } = await open('?window=1h');
  const attention = page.getByRole('region', { name: 'Endpoints that need attention' });
  await attention.getByText('None.').waitFor();
  const tile = (name: string) =>
    page
      .locator('dl.tiles div', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) })
      .locator('dd');
  expect(await tile('Delivered').textContent()).toBe('1');
  isBroken = true;
  await publish(caller, [
    { type: 'order.placed', payload: { n: 1 } },
    { type: 'order.placed', payload: { n: 2 } },
  ]);
  await attention.getByText('2 of the newest deliveries failed').waitFor();
  await expect.poll(() => tile('Dead letters').textContent(), { timeout: 20_000 }).toBe('2');
  expect(await tile('Success rate').textContent()).toBe('33.3 %');
  isBroken = false;
  await attention.getByRole('link', { name: 'See and replay' }).click();
  await page.getByRole('heading', { level: 1, name: 'Deliveries' }).waitFor();
  await expect
    .poll(() => page.getByRole('grid').getByText('Dead letter').count(), { timeout: 20_000 })
    .toBe(2);
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('an endpoint that was never verified is verified from here, and one that somebody paused is left alone', async () => {
  const silent = await stage.startReceiver();
  const { id: pausedId } = await createEndpoint(caller, {
    url: `${receiver.url}?paused`,
    events: ['order.placed'],
  });
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.placed'] });
  const change = (input: object) =>
    ask(caller, 'mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { __typename } }', {
      input,
    });
  await change({ id: pausedId, isActive: false });
  await change({ id, url: silent.url });
  const { page, close } = await open();
  const attention = page.getByRole('region', { name: 'Endpoints that need attention' });
  await attention.getByRole('button', { name: `Verify ${silent.url}` }).click();
  await attention.getByText(silent.url).waitFor({ state: 'detached' });
  expect(await attention.getByText('?paused').count()).toBe(0);
  await close();
});

test('axe finds nothing against it, in every look', async () => {
  const { page, complaints, close } = await open('');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const asTable = page.getByText('As a table').first();
  for (const [scheme, width] of [
    ['light', 1280],
    ['dark', 360],
    ['dark', 1280],
    ['light', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 860 });
    await asTable.click();
    await page.getByRole('region', { name: 'Deliveries by outcome, as a table' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await asTable.click();
    await photograph(page, `overview-${scheme}-${width}`);
    await expect
      .poll(() => page.evaluate('document.documentElement.scrollWidth - innerWidth'))
      .toBeLessThanOrEqual(0);
  }
  expect(complaints).toEqual([]);
  await close();
});
