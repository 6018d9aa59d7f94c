import { connect, isIP, type Socket } from 'node:net';
import { ConfigError } from '../config.ts';
import type { Deadline } from './deadline.ts';
import { SendFailure } from './send-failure.ts';

/** A proxy answers a CONNECT with a status line and some headers. */
const MAX_HEAD_BYTES = 16_384;

/** The proxy that the operator lets everything go out through. */
export type EgressProxy = Readonly<{
  host: string;
  port: number;
  /** The value of `Proxy-Authorization`; undefined without credentials. */
  authorization: string | undefined;
}>;

/** Reads `http://user:password@host:port`. The port is 80 unless given, as in every URL. Throws a ConfigError. */
export function parseProxy(url: string): EgressProxy {
  const { hostname, port, username, password } = new URL(url);
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? 80 : Number(port),
    authorization:
      username === '' && password === '' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigError(
      'Configuration: EGRESS_PROXY must have `%25` for each `%` in its user name and password.',
    );
  }
}

/**
 * Connects to an address through the proxy (RFC 9110, section 9.3.6), or throws a SendFailure. The proxy is given the
 * address that was checked and never the name, so that no second lookup can lead elsewhere. If it reports where it
 * connected (`Proxy-Status` with `next-hop`, RFC 9209), `mayDial` is asked about that address, too.
 */
export async function connectThrough(
  proxy: EgressProxy,
  to: { address: string; port: number },
  options: { mayDial: (address: string) => boolean; deadline: Deadline },
): Promise<Socket> {
  const { address, port } = to;
  const target = `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
  const socket = await openSocket(proxy, options.deadline);
  const head = [
    `CONNECT ${target} HTTP/1.1`,
    `Host: ${target}`,
    ...(proxy.authorization === undefined ? [] : [`Proxy-Authorization: ${proxy.authorization}`]),
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  try {
    const answer = await readHead(socket, options.deadline);
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r?$)/m.exec(answer)?.[1] ?? 0);
    if (status < 200 || status > 299) throw refused(status);
    const hop = nextHopOf(answer);
    if (hop !== undefined && !options.mayDial(hop)) {
      throw new SendFailure(
        'BLOCKED_ADDRESS',
        'the URL leads to an address that webhooks may not be sent to',
      );
    }
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function openSocket({ host, port }: EgressProxy, deadline: Deadline): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    // After the connect this listener only prevents that a late error is thrown.
    socket.on('error', () => reject(unreachable()));
    deadline.onExpiry((failure) => {
      socket.destroy();
      reject(failure);
    });
  });
}

/** The proxy's answer up to the empty line. What follows it belongs to the receiver, and stays to be read. */
function readHead(socket: Socket, deadline: Deadline): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0 && bytes.length <= MAX_HEAD_BYTES) return;
      socket.off('data', onData);
      socket.pause();
      if (end < 0) {
        reject(refused(0));
        return;
      }
      const rest = bytes.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
      resolve(bytes.subarray(0, end).toString('latin1'));
    };
    socket.on('data', onData);
    socket.once('close', () => reject(unreachable()));
    deadline.onExpiry(reject);
  });
}

/** The address in `Proxy-Status: …; next-hop="198.51.100.1:443"`; undefined if it is a name or missing. */
function nextHopOf(head: string): string | undefined {
  const value = /^proxy-status:.*?;\s*next-hop="?([^";,\s]+)/im.exec(head)?.[1];
  if (value === undefined) return undefined;
  const address = value.replace(/^\[([^\]]+)\](?::\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  return isIP(address) === 0 ? undefined : address;
}

const unreachable = () => new SendFailure('CONNECTION_FAILED', 'the egress proxy cannot be reached');

function refused(status: number): SendFailure {
  if (status === 407) return new SendFailure('CONNECTION_FAILED', 'the egress proxy refused the credentials');
  const which = status === 0 ? 'gave no valid answer' : `answered with status ${status}`;
  return new SendFailure('CONNECTION_FAILED', `the egress proxy ${which}`);
}
