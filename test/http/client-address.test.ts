import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createClientAddress, networkOf } from '../../src/http/client-address.ts';

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress: string } } as IncomingMessage;

test('without a trusted proxy the header counts for nothing', () => {
  expect(createClientAddress([])(from('10.0.0.1', '1.2.3.4'))).toBe('10.0.0.1');
});

test.each([
  ['10.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['::ffff:10.0.0.1', '1.2.3.4', '1.2.3.4'],
  // The client itself wrote everything before the last foreign address.
  ['10.0.0.1', '9.9.9.9, 1.2.3.4, 10.0.0.2', '1.2.3.4'],
  ['10.0.0.1', 'nonsense', '10.0.0.1'],
  // Some proxies add the port.
  ['10.0.0.1', '9.9.9.9, 1.2.3.4:4711', '1.2.3.4'],
  ['10.0.0.1', '9.9.9.9, [2001:db8::7]:4711', '2001:db8::7'],
  // If the proxy could not tell the address, the client must not be able to give one instead.
  ['10.0.0.1', '9.9.9.9, unknown', '10.0.0.1'],
  ['10.0.0.1', '9.9.9.9, ', '10.0.0.1'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  ['fd00::1', '2001:db8::7', '2001:db8::7'],
  ['8.8.8.8', '1.2.3.4', '8.8.8.8'],
])('from %s with %s: %s', (peer, forwarded, expected) => {
  expect(createClientAddress(['10.0.0.0/8', 'fd00::/8'])(from(peer, forwarded))).toBe(expected);
});

test.each([
  ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
  ['for=9.9.9.9, proto=https;For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
  ['for=1.2.3.4, for=10.0.0.2', '1.2.3.4'],
  ['for=9.9.9.9, for=_hidden', '10.0.0.1'],
])('the header forwarded: %s', (forwarded, expected) => {
  const request = { socket: { remoteAddress: '10.0.0.1' }, headers: { forwarded } } as IncomingMessage;
  expect(createClientAddress(['10.0.0.0/8'])(request)).toBe(expected);
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['64:ff9b::1.2.3.4', '64:ff9b:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
