import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Endpoint } from '../../src/endpoints/endpoint.ts';
import { rotateSecret } from '../../src/endpoints/rotate-secret.ts';
import { LimitExceededError, NotFoundError, ValidationError } from '../../src/errors.ts';
import { listSecretsInForce } from '../../src/sending/signing-secrets.ts';
import { signatureHeader } from '../../src/signing/sign.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
beforeAll(async () => {
  room = await openRoom();
  ownerId = await room.newOwner();
});
afterAll(() => room.close());

const rotate = async (endpoint: Endpoint, overlapSeconds = 86_400) =>
  (
    await room.act((trx) =>
      rotateSecret(trx, room.secrets, { ownerId: endpoint.owner_id, id: endpoint.id, overlapSeconds, by }),
    )
  ).secret;

const inForce = async (endpoint: Endpoint) =>
  (await listSecretsInForce(room.database.query, ownerId, [endpoint.id])).get(endpoint.id) ?? [];

/** Whether a receiver that knows only this secret accepts what is signed now. */
async function accepts(endpoint: Endpoint, secret: string): Promise<boolean> {
  const keys = await room.secrets.keysInForce(room.database.query, ownerId, endpoint.id);
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = signatureHeader(keys, { id: 'evt_1', timestamp, body: '{}' });
  try {
    new Webhook(secret).verify('{}', {
      'webhook-id': 'evt_1',
      'webhook-timestamp': `${timestamp}`,
      'webhook-signature': signature,
    });
    return true;
  } catch {
    return false;
  }
}

/** Simulates that time has passed: every secret ends this much sooner. */
const pass = (endpoint: Endpoint, seconds: number) =>
  room.database.api.query(
    "update signing_secret set expires_at = expires_at - $2 * interval '1 second' where endpoint_id = $1",
    [endpoint.id, seconds],
  );

test('keeps the old secret valid for the overlap and not a second longer', async () => {
  const { endpoint, secret: old } = await room.newEndpoint(ownerId);
  const fresh = await rotate(endpoint);
  expect([await accepts(endpoint, old), await accepts(endpoint, fresh)]).toEqual([true, true]);
  await pass(endpoint, 86_398);
  expect(await accepts(endpoint, old)).toBe(true);
  await pass(endpoint, 2);
  expect([await accepts(endpoint, old), await accepts(endpoint, fresh)]).toEqual([false, true]);
});

test('an overlap of 0 revokes every older secret at once', async () => {
  const { endpoint, secret: oldest } = await room.newEndpoint(ownerId);
  const older = await rotate(endpoint);
  const fresh = await rotate(endpoint, 0);
  expect(await Promise.all([oldest, older, fresh].map((secret) => accepts(endpoint, secret)))).toEqual([
    false,
    false,
    true,
  ]);
  const { rows } = await room.database.api.query('select id from signing_secret where endpoint_id = $1', [
    endpoint.id,
  ]);
  expect(rows).toHaveLength(1);
});

test('a shorter overlap shortens an earlier one, a longer one does not lengthen it', async () => {
  const { endpoint } = await room.newEndpoint(ownerId);
  await rotate(endpoint, 1_000);
  await rotate(endpoint, 604_800);
  const [, middle, oldest] = await inForce(endpoint);
  const secondsTo = (info: { expiresAt: Date | undefined } | undefined) =>
    Math.round(((info?.expiresAt?.getTime() ?? 0) - Date.now()) / 1000);
  expect(secondsTo(oldest)).toBeGreaterThan(900);
  expect(secondsTo(oldest)).toBeLessThanOrEqual(1_000);
  expect(secondsTo(middle)).toBeGreaterThan(604_000);
  await rotate(endpoint, 10);
  const infos = await inForce(endpoint);
  expect(infos.map((info) => info.expiresAt !== undefined && secondsTo(info) <= 10)).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

test('secrets are listed newest first, without their values', async () => {
  const { endpoint } = await room.newEndpoint(ownerId);
  await rotate(endpoint);
  const infos = await inForce(endpoint);
  expect(infos).toEqual([
    { id: expect.any(String), createdAt: expect.any(Date), expiresAt: undefined },
    { id: expect.any(String), createdAt: expect.any(Date), expiresAt: expect.any(Date) },
  ]);
  const [newest, oldest] = infos;
  expect((newest?.id ?? '') > (oldest?.id ?? '')).toBe(true);
});

test('the eleventh secret in force is refused, until older ones end', async () => {
  const { endpoint } = await room.newEndpoint(ownerId);
  for (let count = 2; count <= 10; count += 1) await rotate(endpoint);
  const audited = (await room.audit(endpoint)).length;
  await expect(rotate(endpoint)).rejects.toThrow(LimitExceededError);
  expect(await inForce(endpoint)).toHaveLength(10);
  expect(await room.audit(endpoint)).toHaveLength(audited);
  await rotate(endpoint, 0);
  expect(await inForce(endpoint)).toHaveLength(1);
});

test('rotations at the same moment never leave more than ten', async () => {
  const { endpoint } = await room.newEndpoint(ownerId);
  const results = await Promise.allSettled(Array.from({ length: 14 }, () => rotate(endpoint)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
  const infos = await inForce(endpoint);
  expect(infos).toHaveLength(10);
  expect(infos.filter(({ expiresAt }) => expiresAt === undefined)).toHaveLength(1);
});

test.for([-1, 604_801, 0.5, Number.NaN])('an overlap of %d is refused', async (overlapSeconds) => {
  const { endpoint } = await room.newEndpoint(ownerId);
  const error = await rotate(endpoint, overlapSeconds).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ValidationError);
  expect(error).toMatchObject({ issues: [{ path: ['overlapSeconds'], code: 'OUT_OF_RANGE' }] });
  expect(await inForce(endpoint)).toHaveLength(1);
});

test('another owner’s endpoint is a missing one', async () => {
  const { endpoint } = await room.newEndpoint(ownerId);
  await expect(rotate({ ...endpoint, owner_id: await room.newOwner() })).rejects.toThrow(NotFoundError);
});

test('the audit log names the new secret by its id and holds no secret', async () => {
  const { endpoint, secret: old } = await room.newEndpoint(ownerId);
  const fresh = await rotate(endpoint, 60);
  const entries = await room.audit(endpoint);
  expect(entries.at(-1)).toMatchObject({
    action: 'endpoint.rotate_secret',
    changes: { signingSecretId: expect.stringMatching(/^sec_/), overlapSeconds: 60 },
  });
  const text = JSON.stringify(entries);
  expect(text).not.toContain(old);
  expect(text).not.toContain(fresh);
  expect(text).not.toContain('whsec_');
});
