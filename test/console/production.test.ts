import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser, visit } from '../support/browser.ts';
import type { Caller } from '../support/client.ts';
import { type ReverseProxy, startProxy } from '../support/proxy.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** In production only known documents are taken, and the console's are among them. */
let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let browser: Browser;
let proxy: ReverseProxy;
const production = { NODE_ENV: 'production', TRUSTED_DOCUMENTS_ONLY: 'true', LOG_LEVEL: 'debug' };

beforeAll(async () => {
  stage = await openStage();
  [server, browser] = await Promise.all([stage.startServer(production), startBrowser()]);
  caller = await stage.callerOf(server, { email: 'ann@acme.example', email_verified: true });
});
afterAll(async () => {
  await browser?.close();
  await proxy?.close();
  await stage?.close();
});

test('every view asks only what the server knows, and so do the log and the acts', async () => {
  const { page, context, complaints } = await visit(browser);
  page.setDefaultTimeout(20_000);
  const refused: string[] = [];
  page.on('response', async (response) => {
    if (!response.url().endsWith('/graphql')) return;
    const body = await response.text().catch(() => '{}');
    if (body.includes('"errors"')) refused.push(`${new URL(page.url()).pathname}: ${body.slice(0, 300)}`);
  });
  await page.goto(`${server.origin}/console#token=${caller.token}`);
  await page.getByRole('heading', { level: 1, name: 'From nothing to the first delivery' }).waitFor();
  await page.getByRole('button', { name: 'Register it' }).click();
  await page.getByRole('heading', { name: /1\. Register an event type done/ }).waitFor();
  for (const path of [
    '/deliveries',
    '/endpoints',
    '/endpoints/new',
    '/endpoints/ep_01k8mrd3jce00avw9jdtt03kjq',
    '/event-types',
    '/event-types/order.created',
    '/event-types/new',
    '/events/evt_01k8mrd3jce00avw9jdtt03kjq',
    '/deliveries/dlv_01k8mrd3jce00avw9jdtt03kjq',
    '/deliveries?job=rpj_01k8mrd3jce00avw9jdtt03kjq',
    '/deliveries?job=cnj_01k8mrd3jce00avw9jdtt03kjq',
    '/apps',
    '/keys',
    '/audit',
    '/graphiql',
  ]) {
    await page.goto(`${server.origin}/console${path}`);
    await page.locator('h1').first().waitFor();
    await page.locator('.skeleton').waitFor({ state: 'detached' });
  }
  await page.goto(`${server.origin}/console/deliveries`);
  const indicator = page.getByRole('status').filter({ hasText: /^Live at \d+$/ });
  await indicator.waitFor();
  await page.getByRole('button', { name: 'Replay…' }).click();
  await page.getByText('There is nothing to replay').waitFor();
  expect(refused).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

test('another start takes the bundle that the first one has kept, and works behind a reverse proxy', async () => {
  await server.untilLogged('console bundled');
  proxy = await startProxy();
  const second = await stage.startServer({ ...production, PUBLIC_URL: proxy.origin });
  proxy.lead(second.origin);
  expect(await second.untilLogged('console bundled')).toMatchObject({ cached: true });
  expect(await (await fetch(`${second.origin}/console`)).text()).toBe(
    await (await fetch(`${server.origin}/console`)).text(),
  );

  const { page, context, complaints } = await visit(browser);
  page.setDefaultTimeout(20_000);
  await page.goto(`${proxy.origin}/console/deliveries#token=${caller.token}`);
  const indicator = { hasText: /^Live at \d+$/ };
  await page.getByRole('status').filter(indicator).waitFor();
  await page.getByRole('link', { name: 'GraphiQL' }).click();
  await page.getByRole('heading', { level: 1, name: 'GraphiQL is off here' }).waitFor();
  await page.goto(`${proxy.origin}/console/keys`);
  await page.getByRole('button', { name: 'New link to the console' }).click();
  const dialog = page.getByRole('dialog', { name: 'New link to the console' });
  await dialog.getByRole('checkbox', { name: 'manage_webhooks' }).check();
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  const link = (await dialog.locator('.secret-text').textContent()) ?? '';
  expect(new URL(link).origin).toBe(proxy.origin);
  await context.close();

  const guest = await visit(browser);
  guest.page.setDefaultTimeout(20_000);
  await guest.page.goto(link);
  await guest.page.getByRole('heading', { level: 1 }).waitFor();
  await guest.page.getByRole('link', { name: 'Deliveries' }).click();
  await guest.page.getByRole('status').filter(indicator).waitFor();
  expect(await guest.page.getByRole('link', { name: 'Keys' }).count()).toBe(0);
  expect([...complaints, ...guest.complaints]).toEqual([]);
  await guest.context.close();
});
