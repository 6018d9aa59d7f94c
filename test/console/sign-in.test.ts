import { createServer } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { photograph, startBrowser, violations, visit } from '../support/browser.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { everyPermission } from '../support/tokens.ts';

/** The ways in beside the printed link: single sign-on, a link for people without an account, a frame. */
let stage: Stage;
let server: ServerProcess;
let provider: IdentityProvider;
let browser: Browser;
let host: { origin: string; close: () => Promise<void> };
let framed = '';
const clientId = 'console-of-acme';

beforeAll(async () => {
  stage = await openStage();
  host = await startHost();
  provider = await startIdentityProvider({
    clientId,
    claims: { tenant: 'acme', kind: 'user', permissions: everyPermission, email: 'ann@acme.example' },
  });
  const { JWT_JWKS: _, ...environment } = stage.environment;
  [server, browser] = await Promise.all([
    startServer({
      ...environment,
      JWT_ISSUER: provider.issuer,
      JWT_JWKS_URL: provider.jwksUrl,
      CONSOLE_OIDC_CLIENT_ID: clientId,
      CONSOLE_OIDC_SCOPE: 'openid offline_access',
      CONSOLE_FRAME_ANCESTORS: host.origin,
    }),
    startBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.allSettled([provider?.close(), host?.close()]);
  await stage?.close();
});

/** A page of somebody else's that shows the console in a frame. */
async function startHost() {
  const site = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      `<!doctype html><title>Portal</title><iframe title="Webhooks" width="1000" height="700" src="${framed}"></iframe>`,
    );
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  return {
    origin: `http://localhost:${typeof address === 'object' ? address?.port : ''}`,
    close: () => new Promise<void>((resolve) => site.close(() => resolve())),
  };
}

test('single sign-on leads back to the view that was asked for, and its token is renewed before it ends', async () => {
  const { page, context, complaints } = await visit(browser);
  page.setDefaultTimeout(20_000);
  const policy = (await page.goto(`${server.origin}/console/event-types?category=app`))?.headers();
  expect(policy?.['content-security-policy']).toContain(`connect-src 'self' ${provider.issuer};`);
  expect(await violations(page)).toEqual([]);
  await photograph(page, 'sign-in');
  await page.getByRole('button', { name: /^Sign in with 127\.0\.0\.1/ }).click();
  await page.getByRole('link', { name: 'Yes, it is me' }).waitFor();
  const asked = new URL(page.url()).searchParams;
  expect([asked.get('scope'), asked.get('redirect_uri')]).toEqual([
    'openid offline_access',
    `${server.origin}/console`,
  ]);
  provider.setLifetime(3);
  await page.getByRole('link', { name: 'Yes, it is me' }).click();
  await page.getByRole('heading', { level: 1, name: 'Event types' }).waitFor();
  expect(page.url()).toBe(`${server.origin}/console/event-types?category=app`);
  provider.setLifetime(600);
  await expect
    .poll(() => provider.grants.filter(({ grant_type }) => grant_type === 'refresh_token').length, {
      timeout: 20_000,
    })
    .toBe(1);
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
  expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  // Nothing is left that could renew it.
  expect(await page.evaluate('JSON.stringify(sessionStorage)')).toBe('{}');
  expect(complaints).toEqual([]);
  await context.close();
});

test('an answer that does not belong to this tab signs nobody in', async () => {
  const { page, context } = await visit(browser);
  page.setDefaultTimeout(20_000);
  await page.goto(`${server.origin}/console?code=stolen&state=other`);
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await page.getByRole('button', { name: /^Sign in with/ }).click();
  await page.getByRole('link', { name: 'Yes, it is me' }).waitFor();
  await page.goto(`${server.origin}/console?code=stolen&state=other`);
  await page.getByRole('alert').filter({ hasText: 'does not belong to this sign-in' }).waitFor();
  expect(page.url()).not.toContain('stolen');
  await context.close();
});

test('a link that was made here lets its reader do what it was given, in a frame too, and nothing else', async () => {
  const { page, context, complaints } = await visit(browser);
  page.setDefaultTimeout(20_000);
  await page.goto(`${server.origin}/console/keys`);
  await page.getByRole('button', { name: /^Sign in with/ }).click();
  await page.getByRole('link', { name: 'Yes, it is me' }).click();
  await page.getByRole('button', { name: 'New link to the console' }).click();
  const dialog = page.getByRole('dialog', { name: 'New link to the console' });
  await dialog.getByLabel('It opens').fill('/console/deliveries');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  framed = (await dialog.locator('.secret-text').textContent()) ?? '';
  await photograph(page, 'link');
  expect(framed).toMatch(/\/console\/deliveries#token=hgc_/);
  await context.close();

  const portal = await visit(browser);
  portal.page.setDefaultTimeout(20_000);
  await portal.page.goto(host.origin);
  const frame = portal.page.frameLocator('iframe');
  await frame.getByRole('heading', { level: 1, name: 'Deliveries' }).waitFor();
  await frame
    .getByRole('status')
    .filter({ hasText: /^Live at \d+$/ })
    .waitFor();
  const names = await frame.getByRole('navigation', { name: 'Main' }).getByRole('link').allTextContents();
  expect(names).toEqual(['Overview', 'Deliveries', 'Endpoints', 'Event types']);
  await photograph(portal.page, 'framed');
  await portal.page.goto(`${server.origin}/console/keys`);
  await portal.page.goto(framed);
  await portal.page.goto(`${server.origin}/console/keys`);
  await portal.page.getByRole('alert').filter({ hasText: 'manage_api_keys' }).waitFor();
  expect([...complaints, ...portal.complaints]).toEqual([]);
  await portal.context.close();
});

test('GraphiQL opens signed in, with a query that works, and with the query of a view', async () => {
  const { page, context } = await visit(browser);
  page.setDefaultTimeout(30_000);
  await page.goto(`${server.origin}/console/event-types`);
  await page.getByRole('button', { name: /^Sign in with/ }).click();
  await page.getByRole('link', { name: 'Yes, it is me' }).click();
  await page.getByRole('heading', { level: 1, name: 'Event types' }).waitFor();
  await page.getByRole('link', { name: 'GraphiQL' }).click();
  await page.getByRole('button', { name: /Execute query/ }).click();
  await page.locator('.graphiql-response').getByText('ann@acme.example').waitFor();
  await page.goto(`${server.origin}/console/event-types`);
  await page.getByRole('link', { name: 'app.installed' }).waitFor();
  await page.getByRole('button', { name: 'GraphQL of this view' }).click();
  await page.getByRole('link', { name: 'Open in GraphiQL' }).last().click();
  await page.locator('.graphiql-query-editor').getByText('eventTypes').first().waitFor();
  await context.close();
});

test('another site may show no console in a frame', async () => {
  const stranger = await startHost();
  const { page, context } = await visit(browser);
  framed = `${server.origin}/console`;
  await page.goto(stranger.origin);
  await page.waitForLoadState('networkidle');
  expect(await page.frameLocator('iframe').getByRole('heading', { name: 'Sign in' }).count()).toBe(0);
  await context.close();
  await stranger.close();
});
