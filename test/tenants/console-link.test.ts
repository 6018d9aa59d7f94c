import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { ConsoleLinks } from '../../src/access/console-links.ts';
import { type Permission, permissions } from '../../src/access/permissions.ts';
import { listAudit } from '../../src/audit/list-audit.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { createApiKey } from '../../src/tenants/create-api-key.ts';
import { type CreateConsoleLinkInput, createConsoleLink } from '../../src/tenants/create-console-link.ts';
import { serviceActor } from '../access/actors.ts';
import { addTenant } from '../access/tenants.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { limitsWith } from '../support/limits.ts';

let db: TestDatabase;
let tenantId: string;
const secretBox = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
let links: ConsoleLinks;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  tenantId = await addTenant(db.database, mintUuid());
  links = new ConsoleLinks({ database: db.database, secretBox });
});
afterAll(() => db.drop());

const publicUrl = 'https://hooks.example';
const service = (granted: readonly Permission[] = permissions): Actor => serviceActor(tenantId, granted);

const create = (input: Partial<CreateConsoleLinkInput> = {}, actor = service()) =>
  db.database.query
    .transaction()
    .execute((trx) =>
      createConsoleLink(
        trx,
        { permissions: ['MANAGE_WEBHOOKS'], expiresInSeconds: 3_600, ...input },
        { tenantId, actor, requestId: 'request-1', links, publicUrl },
      ),
    );

const tokenOf = ({ url }: { url: string }) => new URL(url).hash.replace('#token=', '');

async function keyActor(expiresAt?: Date): Promise<Actor & { keyId: string }> {
  const by = { tenantId, actor: service(), requestId: undefined, limits: limitsWith() };
  const input = { name: 'ci', permissions: ['MANAGE_WEBHOOKS'] as const, expiresAt: expiresAt ?? null };
  const { apiKey } = await db.database.query.transaction().execute((trx) => createApiKey(trx, input, by));
  const actorId = encodeId('ApiKey', apiKey.id);
  return { ...service(['MANAGE_WEBHOOKS']), kind: 'API_KEY', actorId, expiresAt, keyId: apiKey.id };
}

test('a link is a caller of its own, in its creator’s tenant, with the permissions it was given', async () => {
  const link = await create({ permissions: ['READ_AUDIT_LOG', 'MANAGE_WEBHOOKS', 'READ_AUDIT_LOG'] });
  expect(link.url).toMatch(/^https:\/\/hooks\.example\/console#token=hgc_[\w-]+$/);
  const actor = await links.authenticate(tokenOf(link));
  expect(actor).toEqual({
    kind: 'CONSOLE_LINK',
    actorId: encodeId('ConsoleLink', link.id),
    label: 'Console link of billing',
    permissions: new Set(['MANAGE_WEBHOOKS', 'READ_AUDIT_LOG']),
    tenantId,
    appId: undefined,
    verifiedEmail: undefined,
    linkCreator: { kind: 'SUBJECT', subject: 'billing' },
    expiresAt: link.expiresAt,
  });
  const [entry] = (await listAudit(db.database, tenantId, { page: {} })).rows;
  expect(entry).toMatchObject({
    action: 'console_link.create',
    actor: { kind: 'SERVICE', actorId: 'billing' },
    targetType: 'ConsoleLink',
    targetId: link.id,
    changes: { permissions: ['MANAGE_WEBHOOKS', 'READ_AUDIT_LOG'], path: '/console' },
  });
  expect(JSON.stringify(entry)).not.toContain(tokenOf(link));
});

test('every process with the key ring opens it, and nobody with another', async () => {
  const token = tokenOf(await create());
  const elsewhere = new ConsoleLinks({ database: db.database, secretBox });
  expect(await elsewhere.authenticate(token)).toMatchObject({ tenantId });
  const stranger = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
  const forged = new ConsoleLinks({ database: db.database, secretBox: stranger });
  await expect(forged.authenticate(token)).rejects.toMatchObject({ extensions: { reason: 'invalid' } });
});

test('what was changed, cut, made up or sealed for another purpose is no link', async () => {
  const token = tokenOf(await create());
  const sealed = Buffer.from(token.slice(4), 'base64url');
  const flipped = [2, 20, sealed.length - 1].map((index) => {
    const copy = Buffer.from(sealed);
    copy[index] = (copy[index] ?? 0) ^ 1;
    return `hgc_${copy.toString('base64url')}`;
  });
  const contents = JSON.stringify({ id: mintUuid(), tenantId, permissions: [], expiresAt: Date.now() + 1e6 });
  const elsewhere = secretBox.seal(contents, 'install-link').toString('base64url');
  const incomplete = secretBox.seal(contents, 'console-link').toString('base64url');
  const noJson = secretBox.seal('no JSON', 'console-link').toString('base64url');
  for (const bad of [
    ...flipped,
    token.slice(0, -1),
    `${token}A`,
    'hgc_',
    'hgc_ ',
    `hgc_${'A'.repeat(43)}`,
    `hgc_${elsewhere}`,
    `hgc_${incomplete}`,
    `hgc_${noJson}`,
  ]) {
    await expect(links.authenticate(bad), bad).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      extensions: { reason: 'invalid' },
    });
  }
});

test('a link can do at most what its creator can, and nothing beyond the tenant', async () => {
  const asked = ['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS', 'MANAGE_TENANTS', 'MANAGE_EVENT_TYPES'] as const;
  await expect(
    create({ permissions: asked }, service(['MANAGE_WEBHOOKS', 'MANAGE_TENANTS'])),
  ).rejects.toMatchObject({
    issues: [
      { path: ['permissions', 1], code: 'PERMISSION_NOT_HELD' },
      { path: ['permissions', 2], code: 'PERMISSION_NOT_FOR_LINKS' },
      { path: ['permissions', 3], code: 'PERMISSION_NOT_FOR_LINKS' },
    ],
  });
  const { token } = links.issue({
    tenantId,
    permissions: ['MANAGE_TENANTS', 'MANAGE_EVENT_TYPES', 'MANAGE_APPS'],
    creator: { kind: 'SUBJECT', subject: 'billing' },
    by: 'billing',
    expiresAt: new Date(Date.now() + 60_000),
  });
  expect((await links.authenticate(token)).permissions).toEqual(new Set(['MANAGE_APPS']));
});

test.each([
  ['no permission', { permissions: [] }, 'permissions', 'EMPTY'],
  ['no time', { expiresInSeconds: 0 }, 'expiresInSeconds', 'OUT_OF_RANGE'],
  ['a time that is over', { expiresInSeconds: -5 }, 'expiresInSeconds', 'OUT_OF_RANGE'],
  ['more than a day', { expiresInSeconds: 86_401 }, 'expiresInSeconds', 'OUT_OF_RANGE'],
  ...[
    '',
    '/',
    'console',
    '/consoles',
    '/console/../graphql',
    '/console/%2e%2e/graphql',
    '//elsewhere.example/console',
    'https://elsewhere.example/console',
    '/console\\..\\graphql',
    '/console#token=other',
    '/console with space',
    '/console\n',
    '/console/é',
    `/console/${'x'.repeat(2_000)}`,
  ].map(
    (path) => [`the path ${JSON.stringify(path.slice(0, 40))}`, { path }, 'path', 'INVALID_PATH'] as const,
  ),
] as const)('a link with %s is refused', async (_name, input, path, code) => {
  await expect(create(input)).rejects.toMatchObject({ issues: [{ path: [path], code }] });
});

test('a link leads to any view with its filters', async () => {
  const { url } = await create({ path: '/console/deliveries?status=FAILED&type=order.paid' });
  expect(url).toMatch(
    /^https:\/\/hooks\.example\/console\/deliveries\?status=FAILED&type=order\.paid#token=/,
  );
});

test('a link never outlasts the key or the link that made it; a JWT is renewed, and its link lasts', async () => {
  const soon = new Date(Date.now() + 60_000);
  const ofKey = await create({ expiresInSeconds: 86_400 }, await keyActor(soon));
  expect(ofKey.expiresAt).toEqual(soon);
  const linked = await links.authenticate(tokenOf(ofKey));
  const ofLink = await create({ expiresInSeconds: 86_400 }, linked);
  expect(ofLink.expiresAt).toEqual(soon);
  expect((await links.authenticate(tokenOf(ofLink))).linkCreator).toEqual(linked.linkCreator);
  const ofJwt = await create({ expiresInSeconds: 86_400 }, { ...service(), expiresAt: soon });
  expect(ofJwt.expiresAt.getTime()).toBeGreaterThan(soon.getTime() + 80_000_000);
});

test('a link ends with its time, with its creator’s key, and with its creator’s tokens', async () => {
  const creator = { kind: 'SUBJECT', subject: 'billing' } as const;
  const past = { tenantId, permissions: [], creator, by: 'billing', expiresAt: new Date(Date.now() - 1) };
  const refused = (reason: string) => ({ code: 'UNAUTHENTICATED', extensions: { reason } });
  await expect(links.authenticate(links.issue(past).token)).rejects.toMatchObject(refused('expired'));

  let now = 0;
  links = new ConsoleLinks({ database: db.database, secretBox, monotonicMs: () => now });
  const key = await keyActor();
  const ofKey = tokenOf(await create({}, key));
  const nested = tokenOf(await create({}, await links.authenticate(ofKey)));
  const issuedAt = new Date(Date.now() - 60_000);
  const user: Actor = { ...service(), kind: 'USER', actorId: `user-${tenantId}`, issuedAt };
  const ofUser = tokenOf(await create({}, user));
  const later = tokenOf(await create({}, { ...user, issuedAt: new Date(Date.now() + 1_000) }));
  const all = [ofKey, nested, ofUser, later];
  for (const token of all) expect(await links.authenticate(token)).toMatchObject({ kind: 'CONSOLE_LINK' });

  const { query } = db.database;
  await query.updateTable('api_key').set({ revoked_at: new Date() }).where('id', '=', key.keyId).execute();
  await query
    .insertInto('revoked_subject')
    .values({ subject: user.actorId, not_before: new Date() })
    .execute();
  now += 2_001;
  for (const token of [ofKey, nested, ofUser]) {
    await expect(links.authenticate(token)).rejects.toMatchObject(refused('revoked'));
  }
  expect(await links.authenticate(later)).toMatchObject({ kind: 'CONSOLE_LINK' });
});
