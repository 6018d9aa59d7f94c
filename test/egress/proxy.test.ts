import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DnsServer } from '../support/dns-server.ts';
import { hook, makeSender } from './make-sender.ts';

type Asked = { target: string; authorization: string | undefined };
const asked: Asked[] = [];
/** What the proxy does next: connect as it is asked, or answer this. */
let answer: string | undefined;
let status = '';
const sockets = new Set<Socket>();

/** A proxy as people run it: CONNECT alone, and what it is asked for is on record. */
const proxy = createServer((client) => {
  sockets.add(client);
  client.on('error', () => undefined);
  client.once('data', (bytes) => {
    const head = bytes.toString('latin1');
    const [, target = ''] = /^CONNECT (\S+) HTTP/.exec(head) ?? [];
    asked.push({ target, authorization: /proxy-authorization: (.*)\r/i.exec(head)?.[1] });
    if (answer !== undefined) {
      client.end(answer);
      return;
    }
    const upstream = connect(Number(target.split(':').at(-1)), '127.0.0.1', () => {
      client.write(`HTTP/1.1 200 Connection established\r\n${status}\r\n`);
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
  });
});

const got: { path: string | undefined; body: string }[] = [];
const plain = createHttp((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    got.push({ path: request.url, body });
    response.end('ok');
  });
});

const listen = async (server: Server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

let proxyPort: number;
let plainPort: number;
beforeAll(async () => {
  [proxyPort, plainPort] = await Promise.all([listen(proxy), listen(plain)]);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([proxy, plain].map((server) => new Promise((resolve) => server.close(resolve))));
});

const proxyUrl = (credentials = '') => `http://${credentials}127.0.0.1:${proxyPort}`;

test('a request goes through the proxy, which is given the checked address and the credentials', async () => {
  await using sender = makeSender({ proxyUrl: proxyUrl('us%3Aer:pass%40word@') });
  const url = `http://localhost:${plainPort}/hook`;
  for (let n = 0; n < 3; n += 1)
    expect(await sender.send(hook(url))).toMatchObject({ status: 200, body: 'ok' });
  // The connection is kept, as without a proxy.
  expect(asked.splice(0)).toEqual([
    {
      target: `127.0.0.1:${plainPort}`,
      authorization: `Basic ${Buffer.from('us:er:pass@word').toString('base64')}`,
    },
  ]);
  expect(got.splice(0)).toEqual(Array(3).fill({ path: '/hook', body: '{"type":"a"}' }));
});

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), 'utf8');

test('TLS is spoken with the receiver by its name, and the proxy is told nothing but an address', async () => {
  const dns = await DnsServer.start({ 'receiver.test': { a: ['127.0.0.1'] } });
  const options = { key: fixture('receiver.key'), cert: fixture('receiver') };
  const secure = createHttps(options, (_request, response) => response.end('secret'));
  const port = await listen(secure);
  const sender = makeSender({ proxyUrl: proxyUrl(), extraCa: fixture('ca'), dnsServers: [dns.address] });
  const result = await sender.send(hook(`https://receiver.test:${port}/`));
  expect(result).toMatchObject({ status: 200, body: 'secret' });
  expect(asked.splice(0)).toEqual([{ target: `127.0.0.1:${port}`, authorization: undefined }]);
  await sender.close();
  secure.closeAllConnections();
  await new Promise((resolve) => secure.close(resolve));
  await dns.close();
});

test('an address that may not be dialled is refused before the proxy is asked', async () => {
  await using sender = makeSender({ proxyUrl: proxyUrl() });
  for (const host of ['127.0.0.2', '10.0.0.1', '169.254.169.254', '[::1]', '[::ffff:10.0.0.1]']) {
    expect(await sender.send(hook(`http://${host}:${plainPort}/`))).toMatchObject({
      outcome: 'BLOCKED_ADDRESS',
    });
  }
  expect(asked).toEqual([]);
});

test.each([
  ['another hop that is private', 'proxy-status: squid; next-hop="10.1.2.3:80"\r\n', 'BLOCKED_ADDRESS'],
  ['a hop that is allowed', 'Proxy-Status: squid; next-hop="127.0.0.1:80"\r\n', undefined],
  [
    'an IPv6 hop that is private',
    'proxy-status: squid; received-status=200; next-hop="[fd00::1]:80"\r\n',
    'BLOCKED_ADDRESS',
  ],
  ['a hop by name', 'proxy-status: squid; next-hop=example\r\n', undefined],
])('a proxy that reports %s: %s', async (_name, header, outcome) => {
  status = header;
  await using sender = makeSender({ proxyUrl: proxyUrl() });
  const result = await sender.send(hook(`http://127.0.0.1:${plainPort}/`));
  status = '';
  expect(result).toMatchObject(outcome === undefined ? { status: 200 } : { outcome });
});

test.each([
  ['407', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'credentials'],
  ['403', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno', 'status 403'],
  ['502', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', 'status 502'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'no valid answer'],
  ['nothing', '', 'cannot be reached'],
  ['headers without an end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(4_000)}`, 'no valid answer'],
])('a proxy that answers with %s is a failed connection', async (_name, text, message) => {
  answer = text;
  await using sender = makeSender({ proxyUrl: proxyUrl('user:very-secret@') });
  const result = await sender.send(hook(`http://127.0.0.1:${plainPort}/`));
  answer = undefined;
  expect(result).toMatchObject({ outcome: 'CONNECTION_FAILED', error: expect.stringContaining(message) });
  expect(JSON.stringify(result)).not.toContain('very-secret');
});

test('a proxy that is not there, or says nothing, ends within the deadline', async () => {
  const silent = createServer((socket) => sockets.add(socket));
  const port = await listen(silent);
  await using sender = makeSender({ proxyUrl: `http://127.0.0.1:${port}` });
  const url = `http://127.0.0.1:${plainPort}/`;
  expect(await sender.send(hook(url, { timeoutMs: 300 }))).toMatchObject({ outcome: 'TIMEOUT' });
  await using gone = makeSender({ proxyUrl: 'http://127.0.0.1:9' });
  expect(await gone.send(hook(url))).toMatchObject({ outcome: 'CONNECTION_FAILED' });
  silent.close();
});
