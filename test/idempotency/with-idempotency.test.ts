import { randomBytes } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IdempotencyError } from '../../src/errors.ts';
import {
  forgetAnswersWithSecretOf,
  type IdempotentCall,
  removeExpiredAnswers,
  withIdempotency,
} from '../../src/idempotency/with-idempotency.ts';
import { mintUuid } from '../../src/ids.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import type { Tables } from '../../src/tables.ts';
import { serviceActor } from '../access/actors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

type Answer = { id: string; secret: string };

let db: TestDatabase;
const secretBox = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
const ownerId = mintUuid();
beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.api.query('create table act (id uuid primary key)');
});
afterAll(() => db.drop());

const callWith = (changed: Partial<IdempotentCall<Answer>> = {}): IdempotentCall<Answer> => ({
  database: db.database,
  ownerId,
  actor: serviceActor(),
  field: 'createEndpoint',
  key: mintUuid(),
  input: { url: 'https://example.com', events: ['*'] },
  secretBox,
  secretOf: ({ id }) => id,
  ...changed,
});

async function act(trx: Transaction<Tables>): Promise<Answer> {
  const id = mintUuid();
  await sql`insert into act (id) values (${id})`.execute(trx);
  return { id, secret: `whsec_${id}` };
}

const countActs = async () =>
  (await db.database.api.query<{ n: number }>('select count(*) as n from act')).rows[0]?.n;
const refusal = (code: string) => expect.objectContaining({ name: 'IdempotencyError', code });

test('60 calls at once with one key are one act; everyone gets its answer or IN_PROGRESS', async () => {
  const before = Number(await countActs());
  const call = callWith();
  const results = await Promise.allSettled(Array.from({ length: 60 }, () => withIdempotency(call, act)));
  const answers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []));
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(new Set(answers).size).toBe(1);
  for (const reason of refusals) expect(reason).toEqual(refusal('IDEMPOTENCY_KEY_IN_PROGRESS'));
  expect(await countActs()).toBe(before + 1);
  expect((await withIdempotency(call, act)).id).toBe(answers[0]);
});

test('the same input in another order, with the key in the header, is the same input', async () => {
  const call = callWith({ input: { a: 1, b: { c: [1, { d: null, e: 2 }] }, idempotencyKey: 'x' } });
  const first = await withIdempotency(call, act);
  const again = { ...call, input: { b: { c: [1, { e: 2, d: null }] }, a: 1 } };
  expect(await withIdempotency(again, act)).toEqual(first);
});

test('another input is refused', async () => {
  const call = callWith();
  await withIdempotency(call, act);
  const other = { ...call, input: { url: 'https://example.com', events: ['a', '*'] } };
  await expect(withIdempotency(other, act)).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
});

test("another owner's, actor's or mutation's equal key is another key", async () => {
  const call = callWith();
  const { id } = await withIdempotency(call, act);
  for (const changed of [
    { ownerId: mintUuid() },
    { actor: { ...serviceActor(), actorId: 'shipping' } },
    { actor: { ...serviceActor(), kind: 'USER' as const } },
    { field: 'createApp' },
  ]) {
    expect((await withIdempotency({ ...call, ...changed }, act)).id).not.toBe(id);
  }
});

test('without a key each call is an act of its own', async () => {
  const call = callWith({ key: undefined });
  expect((await withIdempotency(call, act)).id).not.toBe((await withIdempotency(call, act)).id);
});

test('a call whose first call is still running is refused at once', async () => {
  const call = callWith();
  let finish = () => {};
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const first = withIdempotency(call, async (trx) => {
    started();
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return await act(trx);
  });
  await running;
  await expect(withIdempotency(call, act)).rejects.toEqual(refusal('IDEMPOTENCY_KEY_IN_PROGRESS'));
  finish();
  const answer = await first;
  expect(await withIdempotency(call, act)).toEqual(answer);
});

test('a refused act keeps nothing: the next call tries again', async () => {
  const call = callWith();
  const before = await countActs();
  const refused = withIdempotency(call, async (trx) => {
    await act(trx);
    throw new IdempotencyError('IDEMPOTENCY_KEY_REUSED', 'of another room');
  });
  await expect(refused).rejects.toMatchObject({ key: 'of another room' });
  expect(await countActs()).toBe(before);
  expect(await withIdempotency(call, act)).toHaveProperty('id');
});

test('a connection that dies in the act leaves neither act nor lock', async () => {
  const call = callWith();
  const before = await countActs();
  const killed = withIdempotency(call, async (trx) => {
    const answer = await act(trx);
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx);
    return answer;
  });
  await expect(killed).rejects.toThrow();
  expect(await countActs()).toBe(before);
  expect(await withIdempotency(call, act)).toHaveProperty('id');
});

test('an answer is kept for 24 hours, then its key is free and its row is removed', async () => {
  const call = callWith();
  const first = await withIdempotency(call, act);
  await age(call.key, '23 hours 59 minutes');
  expect(await withIdempotency(call, act)).toEqual(first);
  await age(call.key, '24 hours 1 second');
  const second = await withIdempotency({ ...call, input: { url: 'https://example.org' } }, act);
  expect(second.id).not.toBe(first.id);

  await age(call.key, '24 hours 1 second');
  expect(await removeExpiredAnswers(db.database, 100)).toBe(1);
  expect(await removeExpiredAnswers(db.database, 100)).toBe(0);
});

test('an answer with a secret is sealed', async () => {
  const { key, ...call } = callWith();
  const { secret } = await withIdempotency({ ...call, key }, act);
  const { rows } = await db.database.api.query<{ answer: Buffer }>(
    'select answer from idempotency_key where key = $1',
    [key],
  );
  expect(rows[0]?.answer.includes(secret)).toBe(false);
});

test('an answer whose secret is no longer current is given to nobody', async () => {
  const call = callWith();
  const { id } = await withIdempotency(call, act);
  const forget = (owner: string) =>
    db.database.query.transaction().execute((trx) => forgetAnswersWithSecretOf(trx, owner, id));
  await forget(mintUuid());
  expect(await withIdempotency(call, act)).toMatchObject({ id });
  await forget(ownerId);
  await expect(withIdempotency(call, act)).rejects.toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
    message: expect.stringContaining('has been rotated or revoked'),
  });
});

const age = (key: string | undefined, by: string) =>
  db.database.api.query('update idempotency_key set created_at = now() - $2::interval where key = $1', [
    key,
    by,
  ]);
