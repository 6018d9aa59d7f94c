import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DnsServer } from '../support/dns-server.ts';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

const CA = fixture('ca');
const KEY = fixture('receiver.key');

let dns: DnsServer;

beforeAll(async () => {
  dns = await DnsServer.start({ 'receiver.test': { a: ['127.0.0.1'] } });
});

afterAll(() => dns.close());

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), 'utf8');
}

interface TlsReceiver extends AsyncDisposable {
  readonly port: number;
  readonly sockets: TLSSocket[];
}

async function startTls(certificate: string, options: TlsOptions = {}): Promise<TlsReceiver> {
  const sockets: TLSSocket[] = [];
  const server = createServer({ cert: fixture(certificate), key: KEY, ...options }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', () => socket.write(OK));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: tcpPort(server.address()),
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function tcpPort(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server is not listening');
  return address.port;
}

function tlsSender() {
  return makeSender({ extraCa: CA, dnsServers: [dns.address] });
}

test('sends to a receiver with a good certificate, by its name, and keeps the connection', async () => {
  await using receiver = await startTls('receiver');
  await using sender = tlsSender();
  const url = `https://receiver.test:${receiver.port}/`;
  expect(await sender.send(hook(url))).toMatchObject({ status: 200, body: 'ok' });
  expect(await sender.send(hook(url))).toMatchObject({ status: 200, body: 'ok' });
  expect(receiver.sockets.map((socket) => socket.servername)).toEqual(['receiver.test']);
});

test('sends to a literal address that the certificate names, without a server name', async () => {
  await using receiver = await startTls('receiver');
  await using sender = tlsSender();
  expect(await sender.send(hook(`https://127.0.0.1:${receiver.port}/`))).toMatchObject({ status: 200 });
  expect(receiver.sockets.map((socket) => socket.servername)).toEqual([false]);
});

test('offers HTTP/1.1 only', async () => {
  await using receiver = await startTls('receiver', { ALPNProtocols: ['h2', 'http/1.1'] });
  await using sender = tlsSender();
  expect(await sender.send(hook(`https://receiver.test:${receiver.port}/`))).toMatchObject({ status: 200 });
  expect(receiver.sockets.map((socket) => socket.alpnProtocol)).toEqual(['http/1.1']);
});

test.each([
  ['a certificate for another host', 'wrong-host', {}, 'the certificate is for another host name'],
  ['a certificate that expired', 'expired', {}, 'the certificate has expired'],
  ['a certificate that it signed itself', 'self-signed', {}, 'the certificate is self-signed'],
  ['TLS 1.2', 'receiver', { maxVersion: 'TLSv1.2' }, undefined],
  [
    'TLS 1.1',
    'receiver',
    { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'the receiver does not offer TLS 1.2 or later',
  ],
  ['HTTP/2 alone', 'receiver', { ALPNProtocols: ['h2'] }, 'the TLS handshake failed'],
] as const)('a receiver with %s', async (_name, certificate, options, error) => {
  await using receiver = await startTls(certificate, {
    ...options,
    ...('ALPNProtocols' in options ? { ALPNProtocols: [...options.ALPNProtocols] } : {}),
  });
  await using sender = tlsSender();
  const result = await sender.send(hook(`https://receiver.test:${receiver.port}/`));
  if (error === undefined) expect(result).toMatchObject({ status: 200 });
  else expect(result).toMatchObject({ outcome: 'TLS_FAILED', error: expect.stringContaining(error) });
});

test('a certificate of an authority that nobody trusts', async () => {
  await using receiver = await startTls('receiver');
  await using sender = makeSender({ dnsServers: [dns.address] });
  expect(await sender.send(hook(`https://receiver.test:${receiver.port}/`))).toMatchObject({
    outcome: 'TLS_FAILED',
    error: 'the chain of the certificate is incomplete or not trusted',
  });
});

test('the environment cannot switch the verification off', async () => {
  await using receiver = await startTls('self-signed');
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    await using sender = makeSender({ dnsServers: [dns.address] });
    const result = await sender.send(hook(`https://receiver.test:${receiver.port}/`));
    expect(result).toMatchObject({ outcome: 'TLS_FAILED' });
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
});

test.each([
  ['plain HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'the receiver does not speak TLS on this port'],
  ['garbage', '\x00\x01\x02\x03\x04\x05\x06\x07\x08', 'the receiver does not speak TLS on this port'],
])('a receiver that speaks %s on the TLS port', async (_name, response, error) => {
  const receiver = await RawReceiver.answering(response);
  await using sender = tlsSender();
  const result = await sender.send(hook(`https://receiver.test:${receiver.port}/`));
  expect(result).toMatchObject({ outcome: 'TLS_FAILED', error });
  await receiver.close();
});

test('a receiver that never answers the handshake', async () => {
  const receiver = await RawReceiver.start((socket) => socket.resume());
  await using sender = tlsSender();
  const result = await sender.send(hook(`https://receiver.test:${receiver.port}/`, { timeoutMs: 200 }));
  expect(result).toMatchObject({ outcome: 'TIMEOUT' });
  await receiver.allClosed();
  await receiver.close();
});

test.each([
  ['closes', 'end'],
  ['resets', 'resetAndDestroy'],
] as const)('a receiver that %s in the handshake', async (_name, act) => {
  const receiver = await RawReceiver.start((socket) => {
    socket.once('data', () => socket[act]());
  });
  await using sender = tlsSender();
  expect(await sender.send(hook(`https://receiver.test:${receiver.port}/`))).toMatchObject({
    outcome: 'TLS_FAILED',
    error: 'the connection ended during the TLS handshake',
  });
  await receiver.close();
});
