import { expect, test } from 'vitest';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { checkUrl, MAX_URL_CHARS } from '../../src/egress/check-url.ts';

function verdict(url: string, { allow = [] as readonly string[], requireHttps = false } = {}): string {
  const result = checkUrl(url, { guard: new AddressGuard(allow), requireHttps });
  return 'url' in result ? 'ok' : result.problem.code;
}

test.each([
  'https://example.com',
  'http://example.com/hooks?tenant=1&x=%20',
  'HTTPS://EXAMPLE.COM:8443/',
  'https://8.8.8.8/',
  'https://[2606:4700:4700::1111]:8443/',
  'https://bücher.example/',
  'https://under_score.example.com/',
  'https://localhost.example.com/',
])('takes %s', (url) => {
  expect(verdict(url)).toBe('ok');
});

test.each([
  '',
  'example.com',
  '/hook',
  '//example.com',
  'ftp://example.com',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'https:example.com',
  'https:/example.com',
  'https://',
  'https:///hook',
  'https://?x',
  'https://:443/',
  'https://user:secret@example.com/',
  'https://user@example.com/',
  'https://@example.com/',
  'https://a@b@example.com/',
  'https://example.com/#part',
  'https://example.com/#',
  ' https://example.com/',
  'https://example.com/\n',
  'https://exam\tple.com/',
  'https://example.com/a b',
  'https:\\\\example.com\\',
  'https://example.com\\@127.0.0.1/',
  'https://example.com./',
  'https://localhost./',
  'https://exa..mple.com/',
  'https://./',
  'https://example.com:99999/',
  'https://example.com:port/',
  'https://1.2.3.4.5/',
  'https://256.1.1.1/',
  'https://[::1/',
  'https://[fe80::1%25eth0]/',
  'https://exa%00mple.com/',
  'https://example.com/\u0000',
  `https://${'a'.repeat(64)}.com/`,
  `https://${'a.'.repeat(127)}com/`,
])('refuses %j as invalid', (url) => {
  expect(verdict(url)).toBe('INVALID_URL');
});

test('takes a URL of 2048 characters and refuses a longer one', () => {
  const longest = `https://example.com/${'a'.repeat(MAX_URL_CHARS - 20)}`;
  expect([longest.length, verdict(longest), verdict(`${longest}a`)]).toEqual([2048, 'ok', 'INVALID_URL']);
});

test.each([0, 22, 25, 53, 110, 465, 587, 2049, 6667, 10080])('refuses the port %d', (port) => {
  expect(verdict(`https://example.com:${port}/`)).toBe('FORBIDDEN_PORT');
});

test.each([
  // All spellings of 127.0.0.1.
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '0x7f.1',
  '127.0.0.0x1',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '127.0.0.1.',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '0',
  '0.0.0.0',
  '[::]',
  'localhost',
  'LOCALHOST',
  'api.localhost',
  'ⓛocalhost',
  // Other addresses of the same ranges.
  '10.0.0.1',
  '0xa000001',
  '172.16.0.1',
  '192.168.1.1',
  '192.168.257',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '[::ffff:169.254.169.254]',
  '168.63.129.16',
  '100.100.100.200',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fc00::1]',
  '[64:ff9b::a9fe:a9fe]',
  '[2002:a9fe:a9fe::]',
  '[2001:0:a9fe:a9fe::]',
  '224.0.0.1',
  '[ff02::1]',
  '255.255.255.255',
  '198.18.0.1',
  '192.0.2.1',
])('refuses the host %s', (host) => {
  expect(verdict(`https://${host}/hook`)).toBe('BLOCKED_ADDRESS');
});

test('says the same of every blocked address, without the address', () => {
  const guard = new AddressGuard([]);
  const messages = ['127.0.0.1', '10.0.0.1', '[::1]', 'localhost', '169.254.169.254'].map((host) => {
    const result = checkUrl(`https://${host}/`, { guard, requireHttps: true });
    return 'problem' in result ? result.problem.message : '';
  });
  expect(new Set(messages)).toEqual(
    new Set(['The URL leads to an address that webhooks may not be sent to.']),
  );
});

test('takes localhost when either loopback address is allowed', () => {
  const url = 'http://localhost:3000/';
  expect([[], ['127.0.0.0/8'], ['::1'], ['10.0.0.0/8']].map((allow) => verdict(url, { allow }))).toEqual([
    'BLOCKED_ADDRESS',
    'ok',
    'ok',
    'BLOCKED_ADDRESS',
  ]);
});

test('where https is required, plain http is for literal hosts on the allow list alone', () => {
  const rules = { allow: ['127.0.0.1', '10.0.0.0/8'], requireHttps: true };
  const urls = [
    'http://example.com/',
    'http://8.8.8.8/',
    'http://127.0.0.1:3000/',
    'http://0x7f.1/',
    'http://10.9.9.9/',
    'http://localhost/',
    'https://example.com/',
  ];
  expect(urls.map((url) => verdict(url, rules))).toEqual([
    'HTTPS_REQUIRED',
    'HTTPS_REQUIRED',
    'ok',
    'ok',
    'ok',
    'ok',
    'ok',
  ]);
});
