import { expect, test } from 'vitest';
import { AddressGuard } from '../../src/egress/address-guard.ts';

const guard = new AddressGuard([]);

const REFUSED = [
  // loopback and unspecified
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::',
  '::0001',
  // private, shared, link-local
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '100.127.255.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fdff:ffff::1',
  // metadata
  '169.254.169.254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  // multicast, reserved, broadcast
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  'ff02::1',
  'ff0e::1',
  // documentation, benchmarking, protocols
  '192.0.2.1',
  '198.51.100.1',
  '203.0.113.1',
  '198.18.0.1',
  '198.19.255.255',
  '192.0.0.1',
  '192.88.99.1',
  '192.31.196.1',
  '192.52.193.1',
  '192.175.48.1',
  '2001:db8::1',
  '3fff::1',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '100::1',
  '5f00::1',
  '3ffe::1',
  '2620:4f:8000::1',
  // IPv4 inside IPv6
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:FFFF:10.0.0.1',
  '::ffff:169.254.169.254',
  '::127.0.0.1',
  '::7f00:1',
  '::ffff:0:127.0.0.1',
  '::8.8.8.8',
  '64:ff9b::7f00:1',
  '64:ff9b::8.8.8.8',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2002:808:808::',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  // not addresses
  '',
  'localhost',
  'example.com',
  '127.1',
  '2130706433',
  '0x7f.1',
  '010.0.0.1',
  '[::1]',
  '1.2.3.4.5',
  '8.8.8.8/32',
];

const GLOBAL = [
  '8.8.8.8',
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '191.255.255.255',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2606:4700:4700::1111',
  '2a00:1450:4001::1',
  '2003::1',
  '2400:cb00::1',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
];

test.each(REFUSED)('refuses %j', (address) => {
  expect(guard.isAllowed(address)).toBe(false);
});

test.each(GLOBAL)('allows %j', (address) => {
  expect(guard.isAllowed(address)).toBe(true);
});

test('names no address explicitly when the allow list is empty', () => {
  expect([...REFUSED, ...GLOBAL].filter((address) => guard.isExplicitlyAllowed(address))).toEqual([]);
});

test('allows what the operator named, and nothing beside it', () => {
  const lenient = new AddressGuard(['127.0.0.1', '10.1.0.0/16', 'fd00:1::/32']);
  const asked = [
    '127.0.0.1',
    '127.0.0.2',
    '10.1.2.3',
    '10.2.0.1',
    'fd00:1::9',
    'fd00:2::9',
    '::ffff:10.1.2.3',
    '::1',
  ];
  expect(asked.filter((address) => lenient.isAllowed(address))).toEqual([
    '127.0.0.1',
    '10.1.2.3',
    'fd00:1::9',
    '::ffff:10.1.2.3',
  ]);
  expect(asked.filter((address) => lenient.isExplicitlyAllowed(address))).toHaveLength(4);
});

test('a public address is allowed but not explicitly', () => {
  const lenient = new AddressGuard(['127.0.0.0/8']);
  expect([lenient.isAllowed('8.8.8.8'), lenient.isExplicitlyAllowed('8.8.8.8')]).toEqual([true, false]);
});

test('an IPv6 network of everything does not allow IPv4, nor the other way round', () => {
  expect(new AddressGuard(['::/0']).isAllowed('::ffff:127.0.0.1')).toBe(false);
  expect(new AddressGuard(['0.0.0.0/0']).isAllowed('::1')).toBe(false);
});

test.each([
  '10.0.0.0/33',
  'fd00::/129',
  '10.0.0/8',
  'example.com/8',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0.0/0x8',
  'fe80::%eth0/10',
  '',
  '::ffff:10.0.0.0/104',
])('a bad CIDR throws an error that names it: %j', (cidr) => {
  expect(() => new AddressGuard(['10.0.0.0/8', cidr])).toThrow(`"${cidr}"`);
});
