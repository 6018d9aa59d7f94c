import { afterAll, beforeAll, expect, test } from 'vitest';
import { platformOwnerId } from '../../src/access/actor.ts';
import { databaseNow } from '../../src/clock.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import {
  type InstallState,
  openInstallState,
  sealInstallState,
} from '../../src/installations/install-state.ts';
import { goodClaims } from '../access/issuer.ts';
import { type InternalServer, startInternalServer } from '../internal/internal-server.ts';

let server: InternalServer;
let appId: string;
beforeAll(async () => {
  server = await startInternalServer();
  appId = await addApp('<b>Bold & "Co"</b>');
});
afterAll(() => server.stop());

async function addApp(name: string): Promise<string> {
  const { database } = server;
  const id = mintUuid();
  await database.query
    .insertInto('app')
    .values({ id, tenant_id: platformOwnerId, name, source: 'acme.example', webhook_id: mintUuid() })
    .execute();
  await database.query.insertInto('app_count').values({ app_id: id }).execute();
  await database.query
    .insertInto('app_version')
    .values({
      app_id: id,
      id: mintUuid(),
      version: '1',
      status: 'PUBLISHED',
      webhook_categories: ['comment'],
      data_types: ['Comment'],
    })
    .execute();
  return id;
}

const seal = (state: Partial<Omit<InstallState, 'id'>> = {}) =>
  sealInstallState(server.secretBox, {
    appId,
    tenantId: null,
    permissions: ['read_comments'],
    expiresAt: databaseNow() + 60_000,
    ...state,
  });

const administrator = (tenant: string, permissions = ['manage_apps']) =>
  server.issuer.sign(goodClaims({ sub: 'admin', tenant, permissions }));

const show = (state: string) => fetch(`${server.url}/install/callback?state=${encodeURIComponent(state)}`);

async function confirm(state: string, token?: string): Promise<{ status: number; code?: string }> {
  const response = await fetch(`${server.url}/install/callback`, {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: JSON.stringify({ state }),
  });
  const { error } = (await response.json()) as { error?: { code: string } };
  return { status: response.status, ...(error === undefined ? {} : { code: error.code }) };
}

async function installations(): Promise<number> {
  const { rows } = await server.database.api.query('select from app_installation');
  return rows.length;
}

const invalid = { status: 400, code: 'INVALID_STATE' };

test('the page shows what would be installed as text, and opening it changes nothing', async () => {
  const state = seal({ permissions: ['read_comments', '<script>'] });
  for (let scanner = 0; scanner < 3; scanner += 1) {
    const response = await show(state);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page).toContain('&lt;b&gt;Bold &amp; &quot;Co&quot;&lt;/b&gt;');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('<script');
  }
  expect(await installations()).toBe(0);
});

test('the state alone grants nothing, nor does a token without MANAGE_APPS or of no tenant', async () => {
  const state = seal();
  expect(await confirm(state)).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  expect(await confirm(state, 'rubbish')).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  expect(await confirm(state, await administrator('acme', ['manage_webhooks']))).toEqual({
    status: 403,
    code: 'FORBIDDEN',
  });
  const service = await server.issuer.sign(
    goodClaims({ tenant: undefined, kind: 'service', permissions: ['manage_apps'] }),
  );
  expect(await confirm(state, service)).toEqual({ status: 403, code: 'FORBIDDEN' });
  expect(await installations()).toBe(0);
});

test('a state that is forged, changed, over, of another purpose or of another tenant is refused alike', async () => {
  const good = seal();
  const sealed = Buffer.from(good, 'base64url');
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  const elsewhere = server.secretBox.seal(
    JSON.stringify({
      id: mintUuid(),
      appId,
      tenantId: null,
      permissions: [],
      expiresAt: databaseNow() + 1e6,
    }),
    'another-purpose',
  );
  const bad = [
    '',
    'x',
    `${good}x`,
    good.toUpperCase(),
    'A'.repeat(20_000),
    sealed.toString('base64url'),
    elsewhere.toString('base64url'),
    seal({ expiresAt: databaseNow() - 1 }),
    seal({ tenantId: mintUuid() }),
  ];
  const token = await administrator('acme');
  for (const state of bad) expect(await confirm(state, token)).toEqual(invalid);
  const pages = new Set<string>();
  for (const state of bad.slice(1, 8).filter((text) => text.length < 10_000)) {
    const response = await show(state);
    expect(response.status).toBe(400);
    pages.add(await response.text());
  }
  expect(pages.size).toBe(1);
  expect(await installations()).toBe(0);
  const { rows } = await server.database.api.query('select from install_link_used');
  expect(rows).toEqual([]);
});

test('of 200 confirmations at once one installs, with one audit entry', async () => {
  const state = seal();
  const token = await administrator('acme');
  const answers = await Promise.all(Array.from({ length: 200 }, () => confirm(state, token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ code }) => code === 'INVALID_STATE')).toHaveLength(199);
  expect(await installations()).toBe(1);
  expect((await show(state)).status).toBe(400);
  expect(await confirm(state, await administrator('other'))).toEqual(invalid);
  const { rows } = await server.database.api.query(
    `select actor_id, changes->>'appId' as app from audit_entry where action = 'app_installation.create'`,
  );
  expect(rows).toEqual([{ actor_id: 'admin', app: encodeId('App', appId) }]);
});

test('a confirmation that fails leaves the link good', async () => {
  const state = seal();
  expect(await confirm(state, await administrator('acme'))).toEqual({ status: 409, code: 'CONFLICT' });
  expect(await confirm(state, await administrator('zeta'))).toEqual({ status: 200 });
});

test('a state opens only under the key that sealed it, and tells nothing', () => {
  const state = seal();
  expect(openInstallState(server.secretBox, state)).toMatchObject({ appId, permissions: ['read_comments'] });
  expect(Buffer.from(state, 'base64url').toString('latin1')).not.toContain('read_comments');
});

test('no state gets into a log line', () => {
  expect(server.logged.join('')).not.toMatch(/state=/);
});
