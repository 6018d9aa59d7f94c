import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType, send } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let caller: Caller;
let url: string;
beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer(), { tenant: 'keeper' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
  url = (await stage.startReceiver()).url;
});
afterAll(() => stage.close());

const whsec = (bytes: Buffer | string) => `whsec_${Buffer.from(bytes).toString('base64')}`;

const rotation = `mutation ($input: RotateEndpointSecretInput!) {
  rotateEndpointSecret(input: $input) {
    __typename
    ... on RotateEndpointSecretPayload { secret }
    ... on ValidationError { issues { path code message } }
  }
}`;

type Rotated = { rotateEndpointSecret: { __typename: string; secret?: string; issues?: { code: string }[] } };

const rotate = async (input: Readonly<Record<string, unknown>>) =>
  (await ask<Rotated>(caller, rotation, { input })).rotateEndpointSecret;

test('a secret of one’s own signs from the creation on, and one from a rotation beside it', async () => {
  const receiver = await stage.startReceiver();
  const first = whsec(randomBytes(24));
  const ascii = 'Tq7-mlk3.Rw9_zsX2+Nb5/Hv8!';
  const { id, secret } = await createEndpoint(caller, { url: receiver.url, events: ['*'], secret: first });
  expect(secret).toBe(first);
  await publish(caller, [{ type: 'order.paid', payload: {} }]);
  await receiver.until(1);
  expect((await rotate({ id, secret: whsec(ascii) })).secret).toBe(whsec(ascii));
  await publish(caller, [{ type: 'order.paid', payload: {} }]);
  await receiver.until(2);

  const [before, after] = receiver.received;
  const accepts = (verifier: Webhook, got: typeof before) =>
    expect(verifier.verify(got?.body ?? '', { ...got?.headers })).toBeTruthy();
  accepts(new Webhook(first), before);
  accepts(new Webhook(first), after);
  accepts(new Webhook(ascii, { format: 'raw' }), after);
  expect(() => accepts(new Webhook(ascii, { format: 'raw' }), before)).toThrow();

  expect((await rotate({ id, secret: first })).issues).toMatchObject([{ code: 'IN_FORCE' }]);
  const { body } = await send(caller, '{ auditLog { nodes { action changes } } }');
  const audited = JSON.stringify(body);
  expect(audited).toContain('"ownSecret":true');
  expect(audited).not.toContain(first.slice('whsec_'.length));
});

test('the same rotation under one idempotency key gives the same answer; with another secret it is refused', async () => {
  const { id } = await createEndpoint(caller, { url, events: ['order.*'] });
  const input = { id, secret: whsec(randomBytes(32)), idempotencyKey: 'once' };
  expect(await rotate(input)).toEqual(await rotate(input));
  expect(await rotate({ ...input, secret: whsec(randomBytes(32)) })).toMatchObject({
    __typename: 'IdempotencyError',
  });
});

const random = randomBytes(32).toString('base64');

test.each([
  ['no prefix', random, 'INVALID'],
  ['the prefix of a key pair', `whsk_${random}`, 'INVALID'],
  ['nothing behind the prefix', 'whsec_', 'INVALID'],
  ['23 bytes', whsec(randomBytes(23)), 'INVALID'],
  ['65 bytes', whsec(randomBytes(65)), 'INVALID'],
  ['base64 that is cut', `whsec_${random.slice(0, -1)}`, 'INVALID'],
  ['a line end behind it', `whsec_${random}\n`, 'INVALID'],
  ['a NUL', `whsec_${random.slice(0, 8)}\u0000${random.slice(9)}`, 'INVALID'],
  ['a million characters', `whsec_${'A'.repeat(1_000_000)}`, 'INVALID'],
  ['one byte all over', whsec(Buffer.alloc(32, 1)), 'WEAK'],
  ['a word again and again', whsec('password'.repeat(4)), 'WEAK'],
  ['a count', whsec(Buffer.from(Array.from({ length: 32 }, (_, n) => n))), 'WEAK'],
  ['a count down', whsec(Buffer.from(Array.from({ length: 32 }, (_, n) => 90 - n))), 'WEAK'],
])('%s is refused, and nothing of it is repeated', async (_name, secret, code) => {
  const { body } = await send<{ createEndpoint: { issues?: unknown } }>(
    caller,
    `mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) {
       __typename ... on ValidationError { issues { path code message } } } }`,
    { input: { url, events: ['order.paid'], secret } },
  );
  expect(body.data?.createEndpoint.issues).toMatchObject([{ path: ['secret'], code }]);
  if (secret.length > 10) expect(JSON.stringify(body)).not.toContain(secret.slice(6, 20));
});
