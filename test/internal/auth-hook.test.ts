import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeApiKeyToken } from '../../src/access/api-key-token.ts';
import { GrantWatch } from '../../src/access/grant-watch.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { internalRoutes } from '../../src/internal/routes.ts';
import { goodClaims } from '../access/issuer.ts';
import { quietLogger } from '../support/database.ts';
import { untilTrue } from '../support/worker.ts';
import {
  hookSecret,
  type InternalServer,
  seen,
  sendRaw,
  startInternalServer,
  withoutIds,
} from './internal-server.ts';

let server: InternalServer;
let grants: GrantWatch;
beforeAll(async () => {
  server = await startInternalServer();
  grants = new GrantWatch({ database: server.database, logger: quietLogger });
  grants.start();
});
afterAll(async () => {
  await grants.stop();
  await server.stop();
});

type Sent = { id?: string; at?: Date; secret?: string };

function signed(message: object, { id = mintUuid(), at = new Date(), secret = hookSecret }: Sent = {}) {
  const body = JSON.stringify(message);
  return {
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
  };
}

const post = ({ body, headers }: { body: string; headers: Record<string, string> }) =>
  fetch(`${server.url}/internal/auth-hook`, { method: 'POST', headers, body });

async function tell(message: object, sent: Sent = {}): Promise<unknown> {
  return await (await post(signed(message, sent))).json();
}

const told = (type: string, data: object) => ({ type, timestamp: new Date().toISOString(), data });

async function state(): Promise<unknown> {
  const tables = ['auth_hook_seen', 'revoked_subject', 'tenant', 'audit_entry', 'api_key'];
  return await Promise.all(
    tables.map(async (table) => (await server.database.api.query(`select * from ${table}`)).rows),
  );
}

async function addKey(tenant: string, madeBy = 'somebody') {
  const { database } = server;
  const { token, hash, prefix, lastFour } = makeApiKeyToken();
  const tenantId = mintUuid();
  const id = mintUuid();
  await database.api.query('insert into tenant (id, external_id, name) values ($1, $2, $2)', [
    tenantId,
    tenant,
  ]);
  await database.api.query(
    `insert into api_key (tenant_id, id, name, permissions, prefix, last_four, token_hash)
     values ($1, $2, 'ci', '{}', $3, $4, $5)`,
    [tenantId, id, prefix, lastFour, hash],
  );
  await database.api.query(
    `insert into audit_entry (owner_id, id, action, actor_kind, actor_id, actor_label, target_type, target_id, changes)
     values ($1, $2, 'api_key.create', 'USER', $3, $3, 'ApiKey', $4, '{}')`,
    [tenantId, mintUuid(), madeBy, id],
  );
  return { token, tenantId, id };
}

const authenticate = (token: string) =>
  server.authenticator.authenticate({ authorization: `Bearer ${token}` });

async function actorOf(token: string) {
  const actor = await authenticate(token);
  if (actor === undefined) throw new Error('nobody');
  return actor;
}

const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;
const refused = { code: 'UNAUTHENTICATED', extensions: { reason: 'revoked' } };

test('a message that is not proven is refused alike, whatever is wrong, and changes nothing', async () => {
  const before = await state();
  const message = told('user.deleted', { subject: 'victim' });
  const good = signed(message);
  const { 'webhook-signature': signature } = good.headers;
  const now = Date.now();
  const faulty = [
    { ...good, headers: {} },
    { ...good, body: good.body.replace('victim', 'else') },
    { ...good, headers: { ...good.headers, 'webhook-id': 'another' } },
    { ...good, headers: { ...good.headers, 'webhook-timestamp': 'soon' } },
    { ...good, headers: { ...good.headers, 'webhook-signature': '' } },
    { ...good, headers: { ...good.headers, 'webhook-signature': signature.slice(0, -2) } },
    { ...good, headers: { ...good.headers, 'webhook-signature': `v2,${signature.slice(3)}` } },
    { ...good, headers: { ...good.headers, 'webhook-signature': `${'v1,AAAA '.repeat(200)}${signature}` } },
    { ...good, headers: { ...good.headers, 'webhook-id': 'x'.repeat(2_000) } },
    signed(message, { secret: `whsec_${Buffer.alloc(32, 6).toString('base64')}` }),
    signed(message, { at: new Date(now - 360_000) }),
    signed(message, { at: new Date(now + 360_000) }),
  ];
  const answers = await Promise.all(faulty.map(async (one) => seen(await post(one as typeof good))));
  expect(answers.map(({ status }) => status)).toEqual(faulty.map(() => 401));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  const lines = Object.entries(good.headers).map(([name, value]) => `${name}: ${value}`);
  for (const twice of lines) {
    const head = ['POST /internal/auth-hook HTTP/1.1', ...lines, twice];
    const doubled = withoutIds(await sendRaw(server.port, head, good.body));
    expect(doubled).toContain('HTTP/1.1 401');
    expect(doubled).toContain(answers[0]?.body);
  }
  expect(await state()).toEqual(before);
});

test('a proven message that has not the shape of its type is refused, and one of another type ignored', async () => {
  const before = await state();
  for (const bad of [
    told('user.deleted', {}),
    told('user.deleted', { subject: 'a\0b' }),
    told('tenant.suspended', { tenant: 'two words' }),
    told('api_key.compromised', { tokenSha256: 'abc' }),
    { ...told('user.deleted', { subject: 'a' }), timestamp: 'yesterday' },
    { ...told('user.deleted', { subject: 'a' }), timestamp: '0001-01-01T00:00:00Z' },
    { ...told('user.deleted', { subject: 'a' }), timestamp: '1970-01-01T00:00:00.000Z' },
    { ...told('user.deleted', { subject: 'a' }), timestamp: '-271821-04-20T00:00:00.000Z' },
    [],
  ]) {
    expect((await post(signed(bad))).status).toBe(400);
  }
  expect(await tell(told('user.renamed', { subject: 'a' }))).toEqual({ status: 'IGNORED' });
  expect(await state()).toEqual(before);
});

test('each webhook-id acts once, of 200 at once as of a later one', async () => {
  const message = signed(told('user.permissions_changed', { subject: 'often' }));
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => JSON.stringify(await (await post(message)).json())),
  );
  expect(answers.filter((answer) => answer.includes('DONE'))).toHaveLength(1);
  expect(answers.filter((answer) => answer.includes('DUPLICATE'))).toHaveLength(199);
  const id = message.headers['webhook-id'];
  expect(await tell(told('user.deleted', { subject: 'another' }), { id })).toEqual({ status: 'DUPLICATE' });
  const { rows } = await server.database.api.query(
    `select action, changes->>'subject' as subject from audit_entry where changes->>'subject' in ('often', 'another')`,
  );
  expect(rows).toEqual([{ action: 'user.change_permissions', subject: 'often' }]);
});

test('tokens issued before a change of permissions are refused soon, and what they follow ends', async () => {
  const old = await server.issuer.sign(goodClaims({ sub: 'ann', iat: secondsAgo(60) }));
  const timeless = await server.issuer.sign(goodClaims({ sub: 'ann', iat: undefined }));
  const other = await server.issuer.sign(goodClaims({ sub: 'bob', iat: secondsAgo(60) }));
  const followed = [old, timeless].map(async (token) => grants.watch(await actorOf(token)));
  const [first, second] = await Promise.all(followed);
  const others = grants.watch(await actorOf(other));
  await tell(told('user.permissions_changed', { subject: 'ann' }));
  for (const grant of [first, second]) {
    if (grant?.signal.aborted === false) await once(grant.signal, 'abort');
    expect(grant?.signal.reason).toMatchObject(refused);
  }
  expect(others.signal.aborted).toBe(false);
  for (const token of [old, timeless]) {
    // A result from before the message is kept for 2 s.
    await untilTrue(() =>
      authenticate(token).then(
        () => false,
        () => true,
      ),
    );
    await expect(authenticate(token)).rejects.toMatchObject(refused);
  }
  const fresh = await server.issuer.sign(goodClaims({ sub: 'ann', iat: secondsAgo(-1) }));
  expect(await authenticate(fresh)).toMatchObject({ actorId: 'ann' });
  others.release();
});

test('a deleted user loses the keys that they made, too', async () => {
  const own = await addKey('cleo-inc', 'cleo');
  const foreign = await addKey('dora-inc', 'dora');
  expect(await tell(told('user.deleted', { subject: 'cleo' }))).toEqual({ status: 'DONE', revokedKeys: 1 });
  await expect(authenticate(own.token)).rejects.toMatchObject(refused);
  expect(await authenticate(foreign.token)).toMatchObject({ kind: 'API_KEY' });
  const { rows } = await server.database.api.query(
    `select action, actor_kind, actor_id from audit_entry where owner_id = $1 order by id desc limit 1`,
    [own.tenantId],
  );
  expect(rows).toEqual([{ action: 'api_key.revoke', actor_kind: 'INTERNAL', actor_id: 'auth-hook' }]);
});

test('a compromised key is revoked by its hash or by its id, and an unknown one is no error', async () => {
  const one = await addKey('eve-inc');
  const two = await addKey('fay-inc');
  const tokenSha256 = createHash('sha256').update(one.token).digest('hex');
  const apiKeyId = encodeId('ApiKey', two.id);
  const done = (revokedKeys: number) => ({ status: 'DONE', revokedKeys });
  expect(await tell(told('api_key.compromised', { tokenSha256 }))).toEqual(done(1));
  expect(await tell(told('api_key.compromised', { tokenSha256 }))).toEqual(done(0));
  expect(await tell(told('api_key.compromised', { tenant: 'eve-inc', apiKeyId }))).toEqual(done(0));
  expect(await tell(told('api_key.compromised', { tenant: 'nobody', apiKeyId }))).toEqual(done(0));
  expect(await tell(told('api_key.compromised', { tenant: 'fay-inc', apiKeyId }))).toEqual(done(1));
  for (const { token } of [one, two]) await expect(authenticate(token)).rejects.toMatchObject(refused);
});

test('a suspended tenant is followed by nobody until it is resumed; an older message that comes late changes nothing', async () => {
  const token = await server.issuer.sign(goodClaims({ sub: 'gil', tenant: 'gil-inc' }));
  const before = grants.watch(await actorOf(token));
  const suspended = new Date(Date.now() - 1_000).toISOString();
  await tell({ type: 'tenant.suspended', timestamp: suspended, data: { tenant: 'gil-inc' } });
  if (!before.signal.aborted) await once(before.signal, 'abort');
  expect(before.signal.reason).toMatchObject(refused);
  const suspendedAt = async () =>
    (
      await server.database.query
        .selectFrom('tenant')
        .select('suspended_at')
        .where('external_id', '=', 'gil-inc')
        .executeTakeFirstOrThrow()
    ).suspended_at;
  expect(await suspendedAt()).toEqual(new Date(suspended));
  await tell(told('tenant.resumed', { tenant: 'gil-inc' }));
  expect(await suspendedAt()).toBeNull();
  await tell({ type: 'tenant.suspended', timestamp: suspended, data: { tenant: 'gil-inc' } });
  expect(await suspendedAt()).toBeNull();
  const { rows } = await server.database.api.query(
    `select action from audit_entry where action like 'tenant.%' order by id`,
  );
  expect(rows).toEqual([{ action: 'tenant.suspend' }, { action: 'tenant.resume' }]);
});

test('a tenant that is suspended before anybody has named it is found suspended', async () => {
  await tell(told('tenant.suspended', { tenant: 'unheard-of' }));
  const { rows } = await server.database.api.query(
    `select suspended_at is not null as suspended from tenant where external_id = 'unheard-of'`,
  );
  expect(rows).toEqual([{ suspended: true }]);
});

test('a secret without whsec_ is used as it is, and one that only looks like it stops the start', async () => {
  const { database, runner } = server;
  const none = { production: false, cronSecret: undefined, testControlSecret: undefined };
  const routes = (authHookSecret: string) =>
    internalRoutes({ config: { ...none, authHookSecret }, database, runner });
  expect(() => routes('whsec_short')).toThrow('AUTH_HOOK_SECRET');
  const [route] = routes('a plain secret');
  const secret = `whsec_${Buffer.from('a plain secret').toString('base64')}`;
  const { body, headers } = signed(told('user.renamed', {}), { secret });
  const answer = await route?.handle({
    ...{ method: 'POST', path: '', parameters: {}, query: new URLSearchParams(), headers, requestId: 'r' },
    headersDistinct: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    body: Buffer.from(body),
  });
  expect(answer).toEqual({ status: 200, body: { status: 'IGNORED' } });
});

test('neither the secret nor a signature gets into a log line', () => {
  expect(server.logged.join('')).not.toMatch(/whsec_|v1,/);
});
