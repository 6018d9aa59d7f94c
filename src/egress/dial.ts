/**
 * Connects one socket to a destination, and only to an address that is allowed.
 *
 * The rule is: the address that was checked is the address that is dialled. A name is resolved once, and every address
 * in the answer must be allowed. (An answer that mixes allowed and refused addresses is an attack or a mistake;
 * dialling only the allowed ones would make it work by luck.) The sockets are opened to exactly these addresses, so
 * that no second lookup can return another one. Literal addresses are checked in the same way. After the connect, the
 * address of the peer is checked once more, in case the local network stack changed it.
 *
 * TLS is spoken to the name (SNI and certificate), never to the address, unless the URL has no name.
 */
import { connect, isIP, type Socket } from 'node:net';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import type { AddressGuard } from './address-guard.ts';
import type { Deadline } from './deadline.ts';
import { isLoopbackName, LOOPBACK_ADDRESSES } from './loopback-name.ts';
import { connectThrough, type EgressProxy } from './proxy.ts';
import type { NameResolver } from './resolver.ts';
import { errorCode, SendFailure } from './send-failure.ts';

/** When one address has not answered for this long, the next is tried beside it (RFC 8305, section 5). */
const NEXT_ADDRESS_MS = 250;
/** The most addresses that are tried for one name. Each costs a socket, and honest names do not have more. */
const MAX_ADDRESSES = 8;

export interface Destination {
  readonly isSecure: boolean;
  /** A host name, or a literal address without brackets. */
  readonly hostname: string;
  readonly port: number;
}

export interface DialOptions {
  readonly guard: AddressGuard;
  readonly requireHttps: boolean;
  readonly resolver: NameResolver;
  readonly secureContext: SecureContext;
  /** Connections are made through it. The guard judges the receiver's addresses all the same. */
  readonly proxy?: EgressProxy | undefined;
}

/** Connects, or throws a SendFailure. The socket has an error listener and belongs to the caller. */
export async function dial(to: Destination, options: DialOptions, deadline: Deadline): Promise<Socket> {
  const { guard } = options;
  const mayDial = (address: string): boolean =>
    to.isSecure || !options.requireHttps ? guard.isAllowed(address) : guard.isExplicitlyAllowed(address);

  const addresses = await addressesOf(to.hostname, mayDial, options.resolver, deadline);
  if (addresses.length === 0 || !addresses.every(mayDial)) throw blockedAddress();

  const tried = addresses.slice(0, MAX_ADDRESSES);
  const socket =
    options.proxy === undefined
      ? await connectFirst(tried, to.port, deadline)
      : await connectThroughProxy(options.proxy, { addresses: tried, port: to.port, mayDial }, deadline);
  // Through a proxy the peer is the proxy.
  const isChecked =
    options.proxy !== undefined || (socket.remoteAddress !== undefined && mayDial(socket.remoteAddress));
  if (!isChecked) {
    socket.destroy();
    throw blockedAddress();
  }
  return to.isSecure ? startTls(socket, to.hostname, options.secureContext, deadline) : socket;
}

async function addressesOf(
  hostname: string,
  mayDial: (address: string) => boolean,
  resolver: NameResolver,
  deadline: Deadline,
): Promise<readonly string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  // No outsider decides what `localhost` means, so one allowed loopback address is enough.
  if (isLoopbackName(hostname)) return LOOPBACK_ADDRESSES.filter(mayDial);
  return resolver.resolve(hostname, deadline);
}

/** The first of the addresses that the proxy can connect to, one after the other. */
async function connectThroughProxy(
  proxy: EgressProxy,
  to: { addresses: readonly string[]; port: number; mayDial: (address: string) => boolean },
  deadline: Deadline,
): Promise<Socket> {
  let failure: unknown;
  for (const address of to.addresses) {
    try {
      return await connectThrough(proxy, { address, port: to.port }, { mayDial: to.mayDial, deadline });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The first of the addresses that accepts a connection; the next one starts when one fails or is slow. */
function connectFirst(addresses: readonly string[], port: number, deadline: Deadline): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = [...addresses];
    const dialling = new Set<Socket>();
    let stagger: NodeJS.Timeout | undefined;

    const stop = (): void => {
      clearTimeout(stagger);
      waiting.length = 0;
      for (const socket of dialling) socket.destroy();
    };
    const dialNext = (): void => {
      clearTimeout(stagger);
      const address = waiting.shift();
      if (address === undefined) return;
      const socket = connect({ host: address, port, noDelay: true });
      dialling.add(socket);
      socket.once('connect', () => {
        dialling.delete(socket);
        stop();
        resolve(socket);
      });
      socket.on('error', (error) => {
        // After the connect this listener only prevents that a late error is thrown.
        if (!dialling.delete(socket)) return;
        dialNext();
        if (dialling.size === 0) reject(connectionFailure(error));
      });
      if (waiting.length > 0) stagger = setTimeout(dialNext, NEXT_ADDRESS_MS);
    };

    deadline.onExpiry((failure) => {
      stop();
      reject(failure);
    });
    dialNext();
  });
}

function startTls(
  socket: Socket,
  hostname: string,
  secureContext: SecureContext,
  deadline: Deadline,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secure = tlsConnect({
      socket,
      secureContext,
      host: hostname,
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      ALPNProtocols: ['http/1.1'],
      // Set explicitly, because an environment variable can switch the default off.
      rejectUnauthorized: true,
    });
    secure.once('secureConnect', () => resolve(secure));
    secure.on('error', (error) => reject(tlsFailure(error)));
    secure.once('close', () => reject(tlsFailure(undefined)));
    deadline.onExpiry((failure) => {
      secure.destroy();
      socket.destroy();
      reject(failure);
    });
  });
}

export function blockedAddress(): SendFailure {
  return new SendFailure('BLOCKED_ADDRESS', 'the URL leads to an address that webhooks may not be sent to');
}

function connectionFailure(error: unknown): SendFailure {
  const code = errorCode(error);
  switch (code) {
    case 'ECONNREFUSED':
      return new SendFailure('CONNECTION_FAILED', 'the connection was refused');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new SendFailure('CONNECTION_FAILED', 'the host cannot be reached');
    case 'ECONNRESET':
      return new SendFailure('CONNECTION_RESET', 'the connection ended at once');
    case 'ETIMEDOUT':
      return new SendFailure('CONNECTION_FAILED', 'the host did not accept the connection');
    default:
      return new SendFailure('CONNECTION_FAILED', `the connection could not be made (${code})`);
  }
}

function tlsFailure(error: unknown): SendFailure {
  const code = errorCode(error);
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return new SendFailure('TLS_FAILED', 'the certificate has expired');
    case 'CERT_NOT_YET_VALID':
      return new SendFailure('TLS_FAILED', 'the certificate is not valid yet');
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return new SendFailure('TLS_FAILED', 'the certificate is for another host name');
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return new SendFailure('TLS_FAILED', 'the certificate is self-signed');
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return new SendFailure('TLS_FAILED', 'the chain of the certificate is incomplete or not trusted');
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return new SendFailure('TLS_FAILED', 'the receiver does not offer TLS 1.2 or later');
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return new SendFailure('TLS_FAILED', 'the receiver does not speak TLS on this port');
    case '':
    case 'ECONNRESET':
      return new SendFailure('TLS_FAILED', 'the connection ended during the TLS handshake');
    default:
      return new SendFailure('TLS_FAILED', `the TLS handshake failed (${code})`);
  }
}
