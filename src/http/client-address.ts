import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The address that a request came from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Behind proxies that the operator trusts, the last address in `x-forwarded-for` that is none of theirs: what stands
 * before it was written by the client, who may write anything. Without any, the peer's.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const cidr of trustedProxies) {
    const [address = '', bits = ''] = cidr.split('/');
    trusted.addSubnet(address, Number(bits), familyOf(address));
  }
  const isTrusted = (address: string) => isIP(address) !== 0 && trusted.check(address, familyOf(address));

  return (request) => {
    const peer = plain(request.socket.remoteAddress ?? '');
    if (!isTrusted(peer)) return peer;
    const forwarded = String(request.headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((part) => plain(part.trim()));
    return forwarded.findLast((address) => isIP(address) !== 0 && !isTrusted(address)) ?? peer;
  };
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
/** An IPv4 address as a socket of both kinds shows it. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '');
