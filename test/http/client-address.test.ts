import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createClientAddress } from '../../src/http/client-address.ts';

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
  // What stands before the last foreign address, the client wrote itself.
  ['10.0.0.1', '9.9.9.9, 1.2.3.4, 10.0.0.2', '1.2.3.4'],
  ['10.0.0.1', 'nonsense', '10.0.0.1'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  ['fd00::1', '2001:db8::7', '2001:db8::7'],
  ['8.8.8.8', '1.2.3.4', '8.8.8.8'],
])('from %s with %s: %s', (peer, forwarded, expected) => {
  expect(createClientAddress(['10.0.0.0/8', 'fd00::/8'])(from(peer, forwarded))).toBe(expected);
});
