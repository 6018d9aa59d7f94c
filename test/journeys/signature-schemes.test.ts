import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import type { Received } from '../support/receiver.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer(), { tenant: 'signer' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
});
afterAll(() => stage.close());

const events = ['order.paid'];
const publishOne = () => publish(caller, [{ type: 'order.paid', payload: { text: 'ü €' } }]);

/** As the standard says it, with nothing of ours: which of the signatures the public key verifies. */
function verified(publicKey: string, request: Received | undefined): string[] {
  const { headers = {}, body = '' } = request ?? {};
  const x = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64').toString('base64url');
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
  return (headers['webhook-signature'] ?? '').split(' ').filter((entry) => {
    const [version, signature = ''] = entry.split(',');
    return version === 'v1a' && verify(null, signed, key, Buffer.from(signature, 'base64'));
  });
}

type Keys = { signature: string; publicKey: string | null; signingSecrets: { publicKey: string | null }[] };
const keysOf = async (id: string) =>
  (
    await ask<{ endpoint: Keys }>(
      caller,
      'query ($id: ID!) { endpoint(id: $id) { signature publicKey signingSecrets { publicKey } } }',
      { id },
    )
  ).endpoint;

type Rotated = { __typename: string; secret?: string; issues?: { path: string[]; code: string }[] };
async function rotate(id: string, input: Readonly<Record<string, unknown>> = {}): Promise<Rotated> {
  const { rotateEndpointSecret } = await ask<{ rotateEndpointSecret: Rotated }>(
    caller,
    `mutation ($input: RotateEndpointSecretInput!) { rotateEndpointSecret(input: $input) { __typename
       ... on RotateEndpointSecretPayload { secret } ... on ValidationError { issues { path code } } } }`,
    { input: { id, ...input } },
  );
  return rotateEndpointSecret;
}

test('with ED25519 the readable public key verifies deliveries and the handshake, and nobody sees the private one', async () => {
  const receiver = await stage.startReceiver();
  const { id, secret } = await createEndpoint(caller, { url: receiver.url, events, signature: 'ED25519' });
  expect(await keysOf(id)).toEqual({
    signature: 'ED25519',
    publicKey: secret,
    signingSecrets: [{ publicKey: secret }],
  });
  expect(secret).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
  await publishOne();
  await receiver.until(1);
  const [first] = receiver.received;
  expect(verified(secret, first)).toHaveLength(1);
  expect(verified(secret, receiver.handshakes[0])).toHaveLength(1);
  expect(first?.headers['webhook-signature']).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
  const other = Buffer.from(
    generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '',
    'base64url',
  );
  expect(verified(other.toString('base64'), first)).toEqual([]);
  expect(verified(secret, { ...(first as Received), body: `${first?.body} ` })).toEqual([]);
});

test('a rotation signs with both keys for the overlap, and without one with the new alone', async () => {
  const receiver = await stage.startReceiver();
  const { id, secret: old } = await createEndpoint(caller, {
    ...{ url: receiver.url, events, signature: 'ED25519' },
  });
  const { secret: fresh = '' } = await rotate(id);
  expect(await keysOf(id)).toMatchObject({ publicKey: fresh });
  await publishOne();
  await receiver.until(1);
  expect(verified(old, receiver.received[0])).toHaveLength(1);
  expect(verified(fresh, receiver.received[0])).toHaveLength(1);
  const { secret: last = '' } = await rotate(id, { overlapSeconds: 0 });
  await publishOne();
  await receiver.until(2);
  expect(verified(old, receiver.received[1])).toEqual([]);
  expect(verified(fresh, receiver.received[1])).toEqual([]);
  expect(verified(last, receiver.received[1])).toHaveLength(1);
});

function ownPair(): { seed: string; both: string; shown: string } {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, open] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  return {
    seed: `whsk_${seed.toString('base64')}`,
    both: `whsk_${Buffer.concat([seed, open]).toString('base64')}`,
    shown: `whpk_${open.toString('base64')}`,
  };
}

test('a private key of one’s own is taken in both forms, and once', async () => {
  const receiver = await stage.startReceiver();
  const [one, two] = [ownPair(), ownPair()];
  const { id, secret } = await createEndpoint(caller, {
    ...{ url: receiver.url, events, signature: 'ED25519', secret: one.both },
  });
  expect(secret).toBe(one.shown);
  expect((await rotate(id, { secret: two.seed })).secret).toBe(two.shown);
  expect(await rotate(id, { secret: one.seed })).toMatchObject({ issues: [{ code: 'IN_FORCE' }] });
  await publishOne();
  await receiver.until(1);
  expect(verified(one.shown, receiver.received[0])).toHaveLength(1);
  expect(verified(two.shown, receiver.received[0])).toHaveLength(1);
});

const crossed = () => {
  const [one, two] = [ownPair(), ownPair()];
  const bytes = (text: string) => Buffer.from(text.slice(5), 'base64');
  return `whsk_${Buffer.concat([bytes(one.seed), bytes(two.shown)]).toString('base64')}`;
};

test.each([
  [
    'a shared secret for ED25519',
    'ED25519',
    () => `whsec_${Buffer.alloc(32, 'x1y2z3').toString('base64')}`,
    'INVALID',
  ],
  ['a public key for ED25519', 'ED25519', () => ownPair().shown, 'INVALID'],
  ['halves of two pairs', 'ED25519', crossed, 'INVALID'],
  ['33 bytes', 'ED25519', () => `whsk_${Buffer.alloc(33, 1).toString('base64')}`, 'INVALID'],
  ['no base64', 'ED25519', () => `whsk_${'?'.repeat(43)}=`, 'INVALID'],
  ['a seed of zeros', 'ED25519', () => `whsk_${Buffer.alloc(32).toString('base64')}`, 'WEAK'],
  ['a private key for HMAC_SHA256', 'HMAC_SHA256', () => ownPair().both, 'INVALID'],
])('%s is refused', async (_name, signature, secret, code) => {
  const { url } = await stage.startReceiver();
  const { createEndpoint: created } = await ask<{ createEndpoint: Rotated }>(
    caller,
    `mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { __typename
       ... on ValidationError { issues { path code } } } }`,
    { input: { url, events, signature, secret: secret() } },
  );
  expect(created).toMatchObject({ __typename: 'ValidationError', issues: [{ path: ['secret'], code }] });
});

test('a header that signs the body lets a receiver of an old scheme go on, beside the standard signature', async () => {
  const receiver = await stage.startReceiver();
  const headers = [{ name: 'X-Hub-Signature-256', value: 'It is a secret to everybody', signsBody: true }];
  const { id, secret } = await createEndpoint(caller, { url: receiver.url, events, headers });
  const proven = (request: Received | undefined, key = 'It is a secret to everybody') =>
    request?.headers['x-hub-signature-256'] ===
    `sha256=${createHmac('sha256', key)
      .update(request?.body ?? '')
      .digest('hex')}`;
  await publishOne();
  await receiver.until(1);
  const [first] = receiver.received;
  expect(proven(first)).toBe(true);
  expect(proven(receiver.handshakes[0])).toBe(true);
  expect(new Webhook(secret).verify(first?.body ?? '', { ...first?.headers })).toBeTruthy();

  const shown = 'headers { name value isSecret signsBody }';
  const update = async (header: object) =>
    (
      await ask<{ updateEndpoint: { __typename: string; endpoint?: { headers: object[] } } }>(
        caller,
        `mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { __typename
           ... on UpdateEndpointPayload { endpoint { ${shown} } } } }`,
        { input: { id, headers: [header] } },
      )
    ).updateEndpoint;
  const kept = await update({ name: 'x-hub-signature-256', signsBody: true });
  expect(kept.endpoint?.headers).toEqual([
    { name: 'x-hub-signature-256', value: null, isSecret: true, signsBody: true },
  ]);
  // A key that was given to sign with never goes out itself.
  expect((await update({ name: 'x-hub-signature-256' })).__typename).toBe('ValidationError');
  await publishOne();
  await receiver.until(2);
  expect(proven(receiver.received[1])).toBe(true);
  const audited = await ask<object>(
    caller,
    '{ auditLog { nodes { changes } } deliveries { nodes { attempts { requestHeaders { value } } } } }',
  );
  expect(JSON.stringify(audited)).not.toMatch(/secret to everybody|sha256=|whsk_/);
});
