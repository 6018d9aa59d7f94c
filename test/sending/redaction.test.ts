import { expect, test } from 'vitest';
import { Redaction } from '../../src/sending/redaction.ts';

const own = (name: string, value: string, isSecret = true) => ({ name, value, isSecret, signsBody: false });

function redaction(secret = 'Bearer token-of-20-chars/"') {
  const headers = {
    'X-Plain': 'visible',
    Authorization: secret,
    'webhook-id': 'evt_1',
    'webhook-signature':
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,b3RoZXItc2lnbmF0dXJlLTItb2YtMzItYnl0ZXMtaGU=',
  };
  return new Redaction(headers, [own('X-Plain', 'visible', false), own('Authorization', secret)]);
}

test('of the request the secret headers and the signature are masked, and nothing else', () => {
  expect(redaction().request()).toEqual([
    { name: 'X-Plain', value: 'visible' },
    { name: 'Authorization', value: '[redacted]' },
    { name: 'webhook-id', value: 'evt_1' },
    { name: 'webhook-signature', value: '[redacted]' },
  ]);
});

test.each([
  ['you sent Bearer token-of-20-chars/"', 'you sent [redacted]'],
  ['{"authorization":"Bearer token-of-20-chars/\\""}', '{"authorization":"[redacted]"}'],
  ['?t=Bearer%20token-of-20-chars%2F%22&x=1', '?t=[redacted]&x=1'],
  ['the token-of-20-chars/" alone', 'the [redacted] alone'],
  ['a Bearer of something else', 'a Bearer of something else'],
  ['sig b3RoZXItc2lnbmF0dXJlLTItb2YtMzItYnl0ZXMtaGU= end', 'sig [redacted] end'],
  ['visible evt_1', 'visible evt_1'],
  ['', ''],
])('%s is recorded as %s', (text, expected) => {
  expect(redaction().text(text)).toBe(expected);
  expect(redaction().response([{ name: 'x-echo', value: text }])).toEqual([
    { name: 'x-echo', value: expected },
  ]);
});

test('a secret that the recorded body cuts off is masked as far as it goes', () => {
  const padding = 'x'.repeat(4_000);
  expect(redaction().text(`${padding}Bearer token-of-2`)).toBe(`${padding}[redacted]`);
  expect(redaction().text(`${padding}Bearer`)).toBe(`${padding}Bearer`);
});

test('a short secret is masked wherever it stands', () => {
  expect(redaction('k3y').text('a k3y, and k3y')).toBe('a [redacted], and [redacted]');
});

test('secrets of one character, which stand in the mask itself, do not make the text grow', () => {
  const redaction = new Redaction(
    {},
    [...'a[redct]'].map((value, index) => own(`x-${index}`, value)),
  );
  expect(redaction.text('a zebra cart')).toBe('[redacted] z[redacted]b[redacted] [redacted]');
  const body = 'a.'.repeat(2_048);
  expect(redaction.text(body)).toBe('[redacted].'.repeat(400).slice(0, 4_096));
  expect(
    redaction.response([
      { name: 'x-a', value: 'a' },
      { name: 'x-b', value: 'b' },
      { name: 'x-c', value: 'bad' },
    ]),
  ).toEqual([
    { name: 'x-a', value: '[redacted]' },
    { name: 'x-b', value: 'b' },
    { name: 'x-c', value: 'b[redacted]' },
  ]);
});
