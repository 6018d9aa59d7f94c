import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../../src/access/actor.ts';
import { sealedTokenKeyPlace } from '../../src/access/app-tokens.ts';
import { rekeySecrets } from '../../src/commands/rekey-secrets.ts';
import { withIdempotency } from '../../src/idempotency/with-idempotency.ts';
import { mintUuid } from '../../src/ids.ts';
import { openHeaders, storeHeaders } from '../../src/sending/endpoint-headers.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { decodeSigningSecret } from '../../src/signing/secret.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';

const key = (id: string) => ({ id, key: randomBytes(32) });
const [old, fresh, stranger] = [key('old'), key('new'), key('stranger')];
const before = new SecretBox([old]);
const during = new SecretBox([fresh, old]);
const after = new SecretBox([fresh]);

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

async function seed(box: SecretBox, endpoints: number) {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints });
  const made: { ownerId: string; endpointId: string; secret: string }[] = [];
  for (const endpointId of endpointIds) {
    const { secret } = await db.database.query
      .transaction()
      .execute((trx) => new SigningSecrets(box).create(trx, { ownerId, endpointId }));
    made.push({ ownerId, endpointId, secret });
  }
  const answer = (secretBox: SecretBox, act: () => Promise<{ secret: string }>) =>
    withIdempotency(
      {
        ...{ database: db.database, ownerId, actor: systemActor, field: 'createEndpoint', key: 'k "1' },
        ...{ input: {}, secretBox },
      },
      act,
    );
  await answer(box, async () => ({ secret: 'whsec_first' }));
  return {
    made,
    answerUnder: (secretBox: SecretBox) =>
      answer(secretBox, () => Promise.reject(new Error('the act ran a second time'))),
  };
}

async function keysUnder(box: SecretBox, made: Awaited<ReturnType<typeof seed>>['made']): Promise<boolean[]> {
  const secrets = new SigningSecrets(box);
  return await Promise.all(
    made.map(async ({ ownerId, endpointId, secret }) => {
      const [opened] = await secrets.keysInForce(db.database.query, ownerId, endpointId);
      return Buffer.isBuffer(opened) && opened.equals(decodeSigningSecret(secret));
    }),
  );
}

test('what an old key sealed is sealed under the first one, and the old key can be dropped', async () => {
  const { made, answerUnder } = await seed(before, 250);
  const tokenKeyId = mintUuid();
  await db.database.query
    .insertInto('app_token_key')
    .values({ id: tokenKeyId, sealed: before.seal('a key', sealedTokenKeyPlace(tokenKeyId)) })
    .execute();
  await expect(keysUnder(after, made)).rejects.toThrow('not in the key ring');
  expect(await rekeySecrets(db.database, during)).toEqual({
    signingSecrets: 250,
    answers: 1,
    tokenKeys: 1,
    headers: 0,
    unreadable: 0,
  });
  expect(new Set(await keysUnder(after, made))).toEqual(new Set([true]));
  expect(await answerUnder(after)).toEqual({ secret: 'whsec_first' });
  const tokenKey = await db.database.query.selectFrom('app_token_key').selectAll().executeTakeFirstOrThrow();
  expect(after.open(tokenKey.sealed, sealedTokenKeyPlace(tokenKeyId))).toBe('a key');
  expect(await rekeySecrets(db.database, during)).toEqual({
    signingSecrets: 0,
    answers: 0,
    tokenKeys: 0,
    headers: 0,
    unreadable: 0,
  });
});

test('a secret that is rotated meanwhile is left as it is, and none is lost where two run at once', async () => {
  const { made, answerUnder } = await seed(before, 220);
  const [first, second] = await Promise.all([
    rekeySecrets(db.database, during),
    rekeySecrets(db.database, during),
  ]);
  expect(first.signingSecrets + second.signingSecrets).toBe(220);
  expect(first.answers + second.answers).toBe(1);
  expect(new Set(await keysUnder(after, made))).toEqual(new Set([true]));
  expect(await answerUnder(after)).toEqual({ secret: 'whsec_first' });
});

test('what no key of the ring opens is counted and left alone', async () => {
  const { made } = await seed(new SecretBox([stranger]), 2);
  const readable = await seed(before, 1);
  expect(await rekeySecrets(db.database, during)).toEqual({
    signingSecrets: 1,
    answers: 1,
    tokenKeys: 0,
    headers: 0,
    unreadable: 3,
  });
  expect(await keysUnder(new SecretBox([stranger]), made)).toEqual([true, true]);
  expect(await keysUnder(after, readable.made)).toEqual([true]);
});

test('secret headers, and keys that sign the body, are sealed anew and stay what they are', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpointId = endpointIds[0] ?? '';
  const place = { ownerId, endpointId };
  const given = [
    { name: 'Authorization', value: 'Bearer one', isSecret: true },
    { name: 'X-Old-Signature', value: 'its key', isSecret: false, signsBody: true },
    { name: 'X-Plain', value: 'plain', isSecret: false },
  ];
  const headers = storeHeaders(new SigningSecrets(before), place, { given, before: [] });
  await db.database.query
    .updateTable('endpoint')
    .set({ sending: JSON.stringify({ headers, timeoutMs: 2_000 }) })
    .where('owner_id', '=', ownerId)
    .where('id', '=', endpointId)
    .execute();
  expect(() => openHeaders(new SigningSecrets(after), place, headers)).toThrow('not in the key ring');
  expect(await rekeySecrets(db.database, during)).toMatchObject({ headers: 1 });
  const { sending } = await db.database.query
    .selectFrom('endpoint')
    .select('sending')
    .where('owner_id', '=', ownerId)
    .executeTakeFirstOrThrow();
  expect(sending?.timeoutMs).toBe(2_000);
  expect(openHeaders(new SigningSecrets(after), place, sending?.headers)).toEqual([
    { name: 'Authorization', value: 'Bearer one', isSecret: true, signsBody: false },
    { name: 'X-Old-Signature', value: 'its key', isSecret: true, signsBody: true },
    { name: 'X-Plain', value: 'plain', isSecret: false, signsBody: false },
  ]);
  expect(await rekeySecrets(db.database, during)).toMatchObject({ headers: 0 });
});
