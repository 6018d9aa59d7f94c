import fc from 'fast-check';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { decodeSigningSecret, generateSigningSecret } from '../../src/signing/secret.ts';
import { signatureHeader, verifySignature } from '../../src/signing/sign.ts';

/** The vector of the Standard Webhooks test suites. */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const NOW = { toleranceSeconds: 300, nowSeconds: VECTOR.timestamp };

const KEY = decodeSigningSecret(VECTOR.secret);
const OTHER_KEY = decodeSigningSecret(generateSigningSecret());

const secrets = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const ids = fc.stringMatching(/^evt_[0-9a-z]{26}$/);
const bodies = fc.string({ unit: 'grapheme', maxLength: 2_000 });

function verify(
  signature: string,
  changes: { id?: string; timestamp?: string; body?: string; keys?: Buffer[] } = {},
) {
  const { id = VECTOR.id, timestamp = `${VECTOR.timestamp}`, body = VECTOR.body, keys = [KEY] } = changes;
  return verifySignature(keys, { id, timestamp, signature }, body, NOW);
}

test('signs as the standard does', () => {
  expect(signatureHeader([KEY], VECTOR)).toBe(VECTOR.signature);
  expect(verify(VECTOR.signature)).toBe(true);
});

test('the independent verifier accepts every message, with any secret in force', () => {
  const nowSeconds = Math.floor(Date.now() / 1000);
  fc.assert(
    fc.property(fc.array(secrets, { minLength: 1, maxLength: 3 }), ids, bodies, (keys, id, body) => {
      const signature = signatureHeader(keys, { id, timestamp: nowSeconds, body });
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': `${nowSeconds}`,
        'webhook-signature': signature,
      };
      for (const key of keys) {
        // It parses the body after verifying it, so an error about invalid JSON shows that the verification
        // succeeded.
        try {
          new Webhook(key.toString('base64')).verify(body, headers);
        } catch (error) {
          expect(error).not.toBeInstanceOf(WebhookVerificationError);
        }
      }
    }),
  );
});

test('verifies what the independent signer signed', () => {
  fc.assert(
    fc.property(secrets, ids, bodies, (key, id, body) => {
      const signature = new Webhook(key.toString('base64')).sign(id, new Date(VECTOR.timestamp * 1000), body);
      expect(verify(signature, { id, body, keys: [OTHER_KEY, key] })).toBe(true);
    }),
  );
});

test('a change of any part breaks the signature', () => {
  fc.assert(
    fc.property(ids, bodies, bodies, (id, body, otherBody) => {
      fc.pre(body !== otherBody);
      const signature = signatureHeader([KEY], { id, timestamp: VECTOR.timestamp, body });
      expect(verify(signature, { id, body })).toBe(true);
      expect(verify(signature, { id, body: otherBody })).toBe(false);
      expect(verify(signature, { id: `${id}x`, body })).toBe(false);
      expect(verify(signature, { id, body, timestamp: `${VECTOR.timestamp + 1}` })).toBe(false);
      expect(verify(signature, { id, body, keys: [OTHER_KEY] })).toBe(false);
    }),
  );
});

test('any one of several signatures is enough', () => {
  const header = signatureHeader([OTHER_KEY, KEY], VECTOR);
  expect(header.split(' ')).toEqual([expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/), VECTOR.signature]);
  expect([verify(header), verify(header, { keys: [OTHER_KEY] }), verify(`v1a,xyz v2,abc ${header}`)]).toEqual(
    [true, true, true],
  );
});

test.each([
  '',
  ' ',
  'v1',
  'v1,',
  'v1,x',
  `v1,${'A'.repeat(100_000)}`,
  VECTOR.signature.slice(3),
  'v1,é',
  'v1,🜁',
])('the signature %j is refused and nothing is thrown', (signature) => {
  expect(verify(signature.slice(0, 50_000))).toBe(false);
});

test('a signature of another version is refused', () => {
  expect(verify(VECTOR.signature.replace('v1,', 'v2,'))).toBe(false);
  expect(verify(VECTOR.signature.replace('v1,', 'v1a,'))).toBe(false);
});

test('nothing is valid without a secret', () => {
  expect(verify(VECTOR.signature, { keys: [] })).toBe(false);
});

test('the timestamp may be off by the tolerance, both ways', () => {
  const at = (seconds: number) => {
    const timestamp = VECTOR.timestamp + seconds;
    const signature = signatureHeader([KEY], { ...VECTOR, timestamp });
    return verify(signature, { timestamp: `${timestamp}` });
  };
  expect([-301, -300, 0, 300, 301].map(at)).toEqual([false, true, true, true, false]);
});

test.each([
  '',
  'now',
  '-1',
  '1e9',
  '1614265330.0',
  ' 1614265330',
  '1614265330x',
  '0x60379ef2',
  '9'.repeat(400),
])('the timestamp %j is refused', (timestamp) => {
  expect(verify(VECTOR.signature, { timestamp })).toBe(false);
});

test.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY])('does not sign the timestamp %d', (timestamp) => {
  expect(() => signatureHeader([KEY], { ...VECTOR, timestamp })).toThrow(RangeError);
});
