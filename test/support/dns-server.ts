import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
const RESPONSE_FLAGS = 0x8180;
const RESPONSE_CODES = { ok: 0, servfail: 2, nxdomain: 3 } as const;

/** Addresses of one family, or `silent`, for which the query is never answered. */
type FamilyAnswer = readonly string[] | 'silent';

interface AddressAnswer {
  readonly a?: FamilyAnswer;
  readonly aaaa?: FamilyAnswer;
}

type DnsAnswer = AddressAnswer | 'nxdomain' | 'servfail' | 'silent';

/**
 * A name that is not in the zone does not exist. A function is called for each query of its family, with a number
 * from 1.
 */
export type Zone = Readonly<Record<string, DnsAnswer | ((timesAsked: number) => DnsAnswer)>>;

/** A name server on loopback for A and AAAA. */
export class DnsServer {
  /** Every query, as `A name` or `AAAA name`, in order. */
  readonly asked: string[] = [];
  readonly #socket: Socket;
  readonly #zone: Zone;

  private constructor(socket: Socket, zone: Zone) {
    this.#socket = socket;
    this.#zone = zone;
    socket.on('message', (query, from) => {
      const response = this.#answer(query);
      if (response !== undefined) socket.send(response, from.port, from.address);
    });
  }

  static async start(zone: Zone): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new DnsServer(socket, zone);
  }

  /** `host:port`, in the form of DNS_SERVERS. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(query: Buffer): Buffer | undefined {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const question = query.subarray(HEADER_BYTES, end + 4);
    const family = type === TYPE_A ? 'a' : type === TYPE_AAAA ? 'aaaa' : undefined;
    const asked = `${family?.toUpperCase() ?? type} ${name}`;
    this.asked.push(asked);
    const entry = this.#zone[name] ?? 'nxdomain';
    const answer =
      typeof entry === 'function' ? entry(this.asked.filter((one) => one === asked).length) : entry;
    if (answer === 'silent') return undefined;
    if (typeof answer === 'string') return respond(query, question, RESPONSE_CODES[answer], []);
    const addresses = family === undefined ? [] : (answer[family] ?? []);
    return addresses === 'silent' ? undefined : respond(query, question, RESPONSE_CODES.ok, addresses);
  }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function respond(query: Buffer, question: Buffer, code: number, addresses: readonly string[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(RESPONSE_FLAGS | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  return Buffer.concat([header, question, ...addresses.map(record)]);
}

function record(address: string): Buffer {
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0); // The name in the question.
  head.writeUInt16BE(isIPv4(address) ? TYPE_A : TYPE_AAAA, 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt32BE(0, 6); // The time to live.
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser accepts every spelling, and never writes an IPv4 tail.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
