import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Look, openConsole, photograph, startBrowser, violations } from '../support/browser.ts';
import {
  ask,
  type Caller,
  createEndpoint,
  listDeliveries,
  publish,
  registerEventType,
} from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** Many deliveries at once, and one of them in all its parts. */
let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let receiver: Receiver;
let browser: Browser;
let secret: string;
let endpointId: string;
let isBroken = true;
const evil = '<img src=x onerror=alert(1)>';
const big = '12345678901234567890';

beforeAll(async () => {
  stage = await openStage();
  [server, browser] = await Promise.all([stage.startServer({ RETRY_SCHEDULE: '0,0' }), startBrowser()]);
  caller = await stage.callerOf(server);
  receiver = await stage.startReceiver({
    answer: (_request, response) => response.writeHead(isBroken ? 500 : 204).end(isBroken ? evil : undefined),
  });
  await registerEventType(caller, { name: 'order.created', example: { total: 1 } });
  ({ id: endpointId, secret } = await createEndpoint(caller, {
    url: receiver.url,
    events: ['order.created'],
  }));
  await publish(
    caller,
    Array.from({ length: 5 }, (_, n) => ({
      type: 'order.created',
      payloadText: `{"n": ${n}, "big": ${big}, "note": ${JSON.stringify(evil)}, "it": "it's"}`,
    })),
  );
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

const open = (path: string, look: Look = {}) => openConsole(browser, caller, path, look);

test('one delivery shows its chain in the log, its attempts with what to do, and its payload digit by digit', async () => {
  await expect
    .poll(
      async () => (await listDeliveries(caller)).filter(({ status }) => status === 'DEAD_LETTER').length,
      {
        timeout: 20_000,
      },
    )
    .toBe(5);
  const [first] = await listDeliveries(caller);
  const { page, complaints, close } = await open(`/deliveries/${first?.id}`);
  const chain = page.getByRole('region', { name: 'History' }).getByRole('listitem');
  await chain.first().waitFor();
  const history = await ask<{ delivery: { history: { position: number }[] } }>(
    caller,
    'query ($id: ID!) { delivery(id: $id) { history { position } } }',
    { id: first?.id },
  );
  expect(await page.locator('.link-position').allTextContents()).toEqual(
    history.delivery.history.map(({ position }) => String(position)),
  );
  await page
    .getByRole('region', { name: 'Attempt 2', exact: true })
    .getByText('The receiver took it and refused')
    .waitFor();
  const tree = page.getByRole('region', { name: 'The payload' });
  await tree.getByText(big).waitFor();
  await tree.getByText(JSON.stringify(evil)).waitFor();
  await page.getByLabel('Bytes that are sent').check();
  const shown = await page.getByRole('region', { name: 'The body that is sent' }).textContent();
  expect(shown).toBe(
    receiver.received.find(({ headers }) => headers['webhook-id'] === first?.event.id)?.body,
  );
  expect(await page.locator('img').count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('the curl of a delivery sends a request that its receiver verifies', async () => {
  const [first] = await listDeliveries(caller);
  const { page, close } = await open(`/deliveries/${first?.id}`);
  await page.getByText('The same request with curl').click();
  const shown = await page.getByRole('region', { name: 'The request with curl' }).textContent();
  const command = shown?.replace(/^SECRET='whsec_…'/, `SECRET='${secret}'`) ?? '';
  const arrived = receiver.until(receiver.received.length + 1);
  await promisify(execFile)('sh', ['-c', command]);
  await arrived;
  const sent = receiver.received.at(-1);
  const verified = new Webhook(secret).verify(sent?.body ?? '', Object(sent?.headers));
  expect(verified).toMatchObject({ type: 'order.created', data: { it: "it's" } });
  await close();
});

test('two are chosen by keyboard and replayed with r; the dialog says how many, and Escape leaves all as it is', async () => {
  const { page, complaints, close } = await open('/deliveries?status=DEAD_LETTER');
  const rows = page.getByRole('grid').getByRole('row').filter({ hasText: 'Dead letter' });
  await expect.poll(() => rows.count(), { timeout: 20_000 }).toBe(5);
  await rows.first().focus();
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('2 chosen:').waitFor();
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Replay many' });
  await dialog.getByRole('button', { name: 'Replay 2' }).waitFor();
  expect(await dialog.textContent()).toContain('2 failed deliveries that you have chosen are sent again');
  expect(await violations(page)).toEqual([]);
  await photograph(page, 'replay-many');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect((await listDeliveries(caller)).length).toBe(5);

  isBroken = false;
  await page.keyboard.press('r');
  await dialog.getByRole('button', { name: 'Replay 2' }).click();
  const job = page.getByRole('dialog', { name: 'Replaying' });
  await job.getByText('Done: 2 of 2 replayed').waitFor();
  expect(page.url()).toContain('job=rpj_');
  await page.reload();
  await job.getByText('Done: 2 of 2 replayed').waitFor();
  await job.getByRole('link', { name: 'See what becomes of them' }).click();
  await expect.poll(() => page.getByRole('grid').getByText('Succeeded').count(), { timeout: 20_000 }).toBe(2);
  expect(complaints).toEqual([]);
  await close();
});

test('all that match are replayed, without those that were replayed before', async () => {
  const { page, complaints, close } = await open('/deliveries?status=DEAD_LETTER');
  await page.getByRole('button', { name: 'Replay…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replay many' });
  await dialog.getByRole('button', { name: 'Replay 3' }).click();
  await page.getByText('Done: 3 of 3 replayed').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Replay…' }).click();
  await dialog.getByText('There is nothing to replay').waitFor();
  expect(await dialog.getByRole('button', { name: 'Replay them' }).isDisabled()).toBe(true);
  expect(complaints).toEqual([]);
  await close();
});

test('what waits is cancelled only once its number has been typed', async () => {
  // Nothing of a paused endpoint is sent: it waits.
  await ask(caller, 'mutation ($id: ID!) { pauseEndpoint(input: { id: $id }) { __typename } }', {
    id: endpointId,
  });
  await publish(
    caller,
    Array.from({ length: 7 }, () => ({ type: 'order.created', payload: {} })),
  );
  const { page, complaints, close } = await open('/deliveries?status=PENDING');
  await page.getByRole('button', { name: 'Cancel…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel many' });
  const act = dialog.getByRole('button', { name: 'Cancel 7' });
  await act.waitFor();
  expect(await act.isDisabled()).toBe(true);
  await dialog.getByLabel('Type 7 to confirm').fill('7');
  await act.click();
  await page.getByRole('dialog', { name: 'Cancelling' }).getByText('Done: 7 of 7 cancelled.').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByText('No delivery matches.').waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test.each([
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 360 },
] as const)('axe finds nothing against an event and a delivery, $scheme at $width px', async (look) => {
  const delivery = (await listDeliveries(caller)).at(-1);
  for (const [name, path] of [
    ['event', `/events/${delivery?.event.id}`],
    ['delivery', `/deliveries/${delivery?.id}`],
  ] as const) {
    const { page, complaints, close } = await open(path, look);
    await page.getByRole('region', { name: 'The payload' }).waitFor();
    expect(await violations(page), path).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await photograph(page, `${name}-${look.scheme}-${look.width}`);
    expect(complaints).toEqual([]);
    await close();
  }
});
