import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { GrantWatch } from '../../src/access/grant-watch.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { UnavailableError } from '../../src/errors.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { serviceActor } from './actors.ts';
import { addTenant } from './tenants.ts';

let db: TestDatabase;
let tenantId: string;
let watch: GrantWatch;
beforeAll(async () => {
  db = await createTestDatabase();
  tenantId = await addTenant(db.database, 'acme');
});
afterEach(() => watch.stop());
afterAll(() => db.drop());

function startWatch(options: { database?: TestDatabase['database']; patienceMs?: number } = {}) {
  watch = new GrantWatch({ database: db.database, logger: quietLogger, lookEveryMs: 10, ...options });
  watch.start();
  return watch;
}

async function addKeyActor(expiresAt?: Date): Promise<Actor & { id: string }> {
  const id = mintUuid();
  await db.database.query
    .insertInto('api_key')
    .values({
      tenant_id: tenantId,
      id,
      name: 'ci',
      permissions: [],
      prefix: 'hgk_',
      last_four: '0000',
      token_hash: Buffer.from(id),
      expires_at: expiresAt ?? null,
    })
    .execute();
  return { ...serviceActor(tenantId), kind: 'API_KEY', actorId: encodeId('ApiKey', id), expiresAt, id };
}

async function reasonOf(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason;
}

const ended = (reason: string) => ({ code: 'UNAUTHENTICATED', extensions: { reason } });

test('ends at the moment when the credential expires', async () => {
  const actor = { ...serviceActor(tenantId), expiresAt: new Date(Date.now() + 30) };
  expect(await reasonOf(startWatch().watch(actor).signal)).toMatchObject(ended('expired'));
});

test('ends every subscription of a key that is revoked, and no other', async () => {
  const [revoked, kept] = [await addKeyActor(), await addKeyActor()];
  startWatch();
  const grants = [watch.watch(revoked), watch.watch(revoked)];
  const other = watch.watch(kept);
  await db.database.query
    .updateTable('api_key')
    .set({ revoked_at: new Date() })
    .where('id', '=', revoked.id)
    .execute();
  for (const { signal } of grants) expect(await reasonOf(signal)).toMatchObject(ended('revoked'));
  expect(other.signal.aborted).toBe(false);
});

test('ends subscriptions of a key that was removed, or whose end was brought forward', async () => {
  const [removed, shortened] = [await addKeyActor(), await addKeyActor()];
  startWatch();
  const grants = [watch.watch(removed), watch.watch(shortened)] as const;
  await db.database.query.deleteFrom('api_key').where('id', '=', removed.id).execute();
  await db.database.query
    .updateTable('api_key')
    .set({ expires_at: new Date(0) })
    .where('id', '=', shortened.id)
    .execute();
  expect(await reasonOf(grants[0].signal)).toMatchObject(ended('revoked'));
  expect(await reasonOf(grants[1].signal)).toMatchObject(ended('expired'));
});

test('a released grant never ends', async () => {
  const [released, witness] = [await addKeyActor(), await addKeyActor()];
  startWatch();
  const grant = watch.watch(released);
  const other = watch.watch(witness);
  grant.release();
  await db.database.query.updateTable('api_key').set({ revoked_at: new Date() }).execute();
  await reasonOf(other.signal);
  expect(grant.signal.aborted).toBe(false);
});

test('an end in a far year is not taken for one at once', async () => {
  const expiresAt = new Date(Date.now() + 400 * 86_400_000);
  const [far, witness] = [await addKeyActor(expiresAt), await addKeyActor()];
  startWatch();
  const grant = watch.watch(far);
  const other = watch.watch(witness);
  await db.database.query
    .updateTable('api_key')
    .set({ revoked_at: new Date() })
    .where('id', '=', witness.id)
    .execute();
  await reasonOf(other.signal);
  expect(grant.signal.aborted).toBe(false);
  grant.release();
});

test('survives connections that the database ends', async () => {
  const key = await addKeyActor();
  startWatch();
  const grant = watch.watch(key);
  await db.database.api.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await db.database.query
    .updateTable('api_key')
    .set({ revoked_at: new Date() })
    .where('id', '=', key.id)
    .execute();
  expect(await reasonOf(grant.signal)).toMatchObject(ended('revoked'));
});

test('ends what the database has not confirmed for too long', async () => {
  const key = await addKeyActor();
  const unreachable = openDatabase({
    url: 'postgres://nobody@127.0.0.1:1/none',
    logger: quietLogger,
    prepared: false,
    engineConnections: 1,
    apiConnections: 1,
  });
  startWatch({ database: unreachable, patienceMs: 50 });
  const reason = await reasonOf(watch.watch(key).signal);
  expect(reason).toBeInstanceOf(UnavailableError);
  const member = { appId: tenantId, email: 'a@b.example', permission: 'VIEW_DELIVERIES' } as const;
  expect(await reasonOf(watch.watchMember(member).signal)).toBeInstanceOf(UnavailableError);
  await unreachable.close();
});
