/**
 * Decides which addresses may be dialled.
 *
 * Endpoint URLs are written by strangers and fetched from inside our network, so the question is never "is
 * this address bad?" but "is it a public receiver?". An address that is not global unicast is refused, and so
 * is one that looks global but is reserved for something else:
 *
 * - IPv4: all that the IANA special-purpose registry lists, multicast, the reserved block, and the metadata
 *   services of clouds. Most of those lie in link-local or shared space anyway; 168.63.129.16 does not.
 * - IPv6: only 2000::/3 is unicast space in use. Everything else (loopback, ULA, link-local, site-local,
 *   multicast, v4-compatible, NAT64, discard, segment routing …) falls out by not being in it. Inside it, the
 *   tunnels that carry an IPv4 address (6to4, Teredo) and the blocks for documentation, benchmarks and
 *   protocols are refused.
 * - A v4-mapped address (::ffff:a.b.c.d) is dialled as IPv4, so it is judged as the IPv4 address inside it.
 *
 * An address that the operator allows explicitly is always allowed. A text that is not an address is refused.
 *
 * The guard knows nothing about names. The code that resolves a name has to ask about every address in the answer, dial
 * exactly the address that it asked about, and ask again about the address that the socket is connected to.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';

/** https://www.iana.org/assignments/iana-ipv4-special-registry */
const REFUSED_IPV4 = [
  ['0.0.0.0', 8], // this network, unspecified
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT; 100.100.100.200 is a metadata service
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // metadata and DNS of a cloud, in public space
  ['169.254.0.0', 16], // link-local; 169.254.169.254 is the metadata service
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // IETF protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // AS112
  ['192.52.193.0', 24], // automatic multicast tunnelling
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['192.175.48.0', 24], // AS112
  ['198.18.0.0', 15], // benchmarking
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
] as const;

/** https://www.iana.org/assignments/ipv6-unicast-address-assignments */
const GLOBAL_UNICAST_IPV6 = ['2000::', 3] as const;

/** https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies in 2000::/3. */
const REFUSED_IPV6 = [
  ['2001::', 23], // IETF protocol assignments: Teredo, benchmarking, ORCHID, …
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4
  ['2620:4f:8000::', 48], // AS112
  ['3ffe::', 16], // the former 6bone
  ['3fff::', 20], // documentation
] as const;

const MAPPED_PREFIX = '::ffff:';

interface Address {
  readonly family: 'ipv4' | 'ipv6';
  readonly text: string;
}

export class AddressGuard {
  // One list per family: a list that holds both lets IPv4 rules match IPv6 addresses.
  readonly #refused = { ipv4: new BlockList(), ipv6: new BlockList() };
  readonly #global = new BlockList();
  readonly #allowed = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** `allow`: CIDRs or single addresses that may be dialled whatever the tables say. Throws if one is not valid. */
  constructor(allow: readonly string[]) {
    for (const [network, prefix] of REFUSED_IPV4) this.#refused.ipv4.addSubnet(network, prefix, 'ipv4');
    for (const [network, prefix] of REFUSED_IPV6) this.#refused.ipv6.addSubnet(network, prefix, 'ipv6');
    this.#global.addSubnet(...GLOBAL_UNICAST_IPV6, 'ipv6');
    for (const cidr of allow) {
      const { network, prefix } = parseCidr(cidr);
      this.#allowed[network.family].addSubnet(network.text, prefix, network.family);
    }
  }

  isAllowed(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    const { family, text } = parsed;
    if (this.#allowed[family].check(text, family)) return true;
    if (family === 'ipv6' && !this.#global.check(text, family)) return false;
    return !this.#refused[family].check(text, family);
  }

  /**
   * Whether the operator allowed the address explicitly: then it may be dialled even if it is private, and with plain
   * http.
   */
  isExplicitlyAllowed(address: string): boolean {
    const parsed = parseAddress(address);
    return parsed !== undefined && this.#allowed[parsed.family].check(parsed.text, parsed.family);
  }
}

function parseAddress(text: string): Address | undefined {
  // A zone (fe80::1%eth0) names an interface of this host: it is never a public receiver.
  if (text.includes('%')) return undefined;
  const version = isIP(text);
  if (version === 4) return { family: 'ipv4', text };
  if (version !== 6) return undefined;
  // The canonical spelling writes every v4-mapped address, and no other, as ::ffff:a.b.c.d.
  const canonical = new SocketAddress({ address: text, family: 'ipv6' }).address;
  const mapped = canonical.startsWith(MAPPED_PREFIX) ? canonical.slice(MAPPED_PREFIX.length) : '';
  return isIP(mapped) === 4 ? { family: 'ipv4', text: mapped } : { family: 'ipv6', text: canonical };
}

function parseCidr(cidr: string): { network: Address; prefix: number } {
  const [address = '', digits, ...rest] = cidr.trim().split('/');
  const network = parseAddress(address);
  const bits = isIP(address) === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  const isNumber = digits === undefined || /^\d{1,3}$/.test(digits);
  if (network === undefined || rest.length > 0 || !isNumber || prefix > bits) {
    throw new Error(`"${cidr}" is not a CIDR such as 10.0.0.0/8 or fd00::/8`);
  }
  if (network.family === 'ipv4' && bits === 128) {
    throw new Error(`"${cidr}" is a v4-mapped CIDR: write it as IPv4`);
  }
  return { network, prefix };
}
