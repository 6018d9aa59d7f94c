import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The address that a request came from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Behind proxies that the operator trusts, it is the last address in `x-forwarded-for` (or in `forwarded` if there is
 * no other) that is not a trusted proxy's. Addresses before it are written by the client and can be anything. Without
 * these headers it is the peer's address.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const cidr of trustedProxies) {
    const [address = '', bits = ''] = cidr.split('/');
    trusted.addSubnet(address, Number(bits), familyOf(address));
  }
  const isTrusted = (address: string) =>
    trustedProxies.length > 0 && isIP(address) !== 0 && trusted.check(address, familyOf(address));

  return ({ socket, headers }) => {
    const peer = plain(socket.remoteAddress ?? '');
    if (!isTrusted(peer)) return peer;
    const foreign = hopsOf(headers).findLast((hop) => !isTrusted(hop));
    // An entry that is not an address (`unknown`) hides the client, and entries further left cannot be trusted.
    return foreign !== undefined && isIP(foreign) !== 0 ? foreign : peer;
  };
}

/** The address under which a client is counted. A client with one IPv6 address usually has 2^64 of them. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length + (tail.includes('.') ? 1 : 0);
    groups.push(...Array.from({ length: Math.max(0, 8 - groups.length - after) }, () => '0'));
    if (tail !== '') groups.push(...tail.split(':'));
  }
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function hopsOf(headers: IncomingMessage['headers']): string[] {
  const list = headers['x-forwarded-for'];
  if (list !== undefined) return String(list).split(',').map(addressIn);
  // RFC 7239: https://www.rfc-editor.org/rfc/rfc7239#section-4
  return String(headers.forwarded ?? '')
    .split(',')
    .flatMap((hop) => {
      const node = /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;\s]*)/i.exec(hop)?.[1];
      return node === undefined ? [] : [addressIn(node.replaceAll('"', ''))];
    });
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(hop: string): string {
  const text = hop.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  return plain(bracketed ?? text.replace(/^([\d.]+):\d+$/, '$1'));
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
/** An IPv4 address in the form that a dual-stack socket shows. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '');
