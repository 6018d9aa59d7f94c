import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openHeaders, storeHeaders } from '../../src/sending/endpoint-headers.ts';
import { Redaction } from '../../src/sending/redaction.ts';
import { requestHeaders } from '../../src/sending/request-headers.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';

const secrets = new SigningSecrets(new SecretBox([{ id: 'a', key: randomBytes(32) }]));
const place = { ownerId: 'owner', endpointId: 'endpoint' };
const plain = (name: string, value: string) => ({ name, value, isSecret: false });
const message = { id: 'evt_1', timestamp: 1_614_265_330, body: '{"a":1}' };

/** What is sent, for headers as an owner gives them. */
function sent(given: Parameters<typeof storeHeaders>[2]['given'], more: object = {}) {
  const own = openHeaders(secrets, place, storeHeaders(secrets, place, { given, before: [] }));
  const options = { keys: [randomBytes(24)], userAgent: 'x', own, headerPrefix: undefined, ...more };
  return { own, headers: requestHeaders(message, options) };
}

test('any name that a header can have is sent, also one that objects have', () => {
  const { headers } = sent([plain('__proto__', 'a'), plain('constructor', 'b'), plain('1', 'c')]);
  const names: string[] = [];
  for (const name in headers) names.push(name);
  expect(names.sort()).toEqual(
    ['1', '__proto__', 'constructor', 'content-type', 'user-agent'].concat([
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
    ]),
  );
  expect(Object.entries(headers).slice(0, 3)).toEqual([
    ['1', 'c'],
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('the same stored headers are opened once; other values and another endpoint are opened anew', () => {
  const given = [plain('x-a', '1'), { name: 'x-b', value: 'key', isSecret: true }];
  const stored = storeHeaders(secrets, place, { given, before: [] });
  const first = openHeaders(secrets, place, stored);
  expect(openHeaders(secrets, place, JSON.parse(JSON.stringify(stored)))).toBe(first);
  const changed = storeHeaders(secrets, place, { given: [plain('x-a', '2')], before: stored });
  expect(openHeaders(secrets, place, changed)).toMatchObject([{ name: 'x-a', value: '2' }]);
  expect(() => openHeaders(secrets, { ...place, endpointId: 'other' }, stored)).toThrow();
  const long = storeHeaders(secrets, place, { given: [plain('x-long', 'x'.repeat(4_000))], before: [] });
  expect(openHeaders(secrets, place, long)).toMatchObject([{ value: 'x'.repeat(4_000) }]);
});

test('what signs the body differs with each body, and is masked where a receiver repeats it', () => {
  const { own, headers } = sent([{ name: 'x-hub', value: 'key', isSecret: false, signsBody: true }]);
  const value = `sha256=${createHmac('sha256', 'key').update(message.body).digest('hex')}`;
  expect(headers['x-hub']).toBe(value);
  const redaction = new Redaction(headers, own);
  expect(redaction.text(`you sent ${value}, and key`)).toBe('you sent [redacted], and key');
  expect(redaction.request()).toContainEqual({ name: 'x-hub', value: '[redacted]' });
  const other = new Redaction({ ...headers, 'x-hub': `sha256=${'0'.repeat(64)}` }, own);
  expect(other.text(`sha256=${'0'.repeat(64)}`)).toBe('[redacted]');
});

test('an owner’s header with the name of ours for traces gives way, and stays where no trace is handed on', () => {
  const own = { name: 'TraceParent', value: 'mine', isSecret: false, signsBody: false };
  const options = { keys: [randomBytes(24)], userAgent: 'x', own: [own], headerPrefix: undefined };
  const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  expect(requestHeaders(message, { ...options, trace })).not.toHaveProperty('TraceParent');
  expect(requestHeaders(message, { ...options, trace })).toMatchObject(trace);
  expect(requestHeaders(message, options)).toMatchObject({ TraceParent: 'mine' });
});
