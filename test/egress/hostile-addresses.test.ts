import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SendResult } from '../../src/egress/send.ts';
import { DnsServer } from '../support/dns-server.ts';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

const BLOCKED = {
  kind: 'failure',
  outcome: 'BLOCKED_ADDRESS',
  error: 'the URL leads to an address that webhooks may not be sent to',
};

/** Listens on every address of the machine, so that a connection to any loopback address would be noticed. */
let everywhere: RawReceiver;
let dns: DnsServer;

beforeAll(async () => {
  everywhere = await RawReceiver.start((socket) => socket.once('data', () => socket.write(OK)), '::');
  dns = await DnsServer.start({
    'good.test': { a: ['127.0.0.1'] },
    'other-loopback.test': { a: ['127.0.0.2'] },
    'loopback6.test': { aaaa: ['::1'] },
    'unspecified.test': { a: ['0.0.0.0'], aaaa: ['::'] },
    'private.test': { a: ['10.0.0.1'] },
    'shared.test': { a: ['100.64.0.1'] },
    'metadata.test': { a: ['169.254.169.254'] },
    'metadata-2.test': { a: ['168.63.129.16'] },
    'metadata-3.test': { a: ['100.100.100.200'] },
    'metadata6.test': { aaaa: ['fd00:ec2::254'] },
    'link-local6.test': { aaaa: ['fe80::1'] },
    'multicast.test': { a: ['224.0.0.1'], aaaa: ['ff02::1'] },
    'broadcast.test': { a: ['255.255.255.255'] },
    'mapped.test': { aaaa: ['::ffff:127.0.0.2'] },
    'mapped-hex.test': { aaaa: ['::ffff:7f00:2'] },
    'compatible.test': { aaaa: ['::7f00:1'] },
    'nat64.test': { aaaa: ['64:ff9b::7f00:1'] },
    '6to4.test': { aaaa: ['2002:7f00:1::'] },
    'teredo.test': { aaaa: ['2001:0:7f00:1::'] },
    'mixed.test': { a: ['127.0.0.1', '127.0.0.2'] },
    'mixed-families.test': { a: ['127.0.0.1'], aaaa: ['::1'] },
    'mixed-behind-many.test': { a: [...new Array<string>(20).fill('127.0.0.1'), '10.0.0.1'] },
    'flips-bad.test': (times) => ({ a: [times === 1 ? '127.0.0.1' : '127.0.0.2'] }),
    'flips-good.test': (times) => ({ a: [times === 1 ? '127.0.0.2' : '127.0.0.1'] }),
  });
});

afterAll(async () => {
  await dns.close();
  await everywhere.close();
});

function withoutDuration({ durationMs: _, ...result }: SendResult): unknown {
  return result;
}

test.each([
  'other-loopback.test',
  'loopback6.test',
  'unspecified.test',
  'private.test',
  'shared.test',
  'metadata.test',
  'metadata-2.test',
  'metadata-3.test',
  'metadata6.test',
  'link-local6.test',
  'multicast.test',
  'broadcast.test',
  'mapped.test',
  'mapped-hex.test',
  'compatible.test',
  'nat64.test',
  '6to4.test',
  'teredo.test',
  'mixed.test',
  'mixed-families.test',
  'mixed-behind-many.test',
  '127.0.0.2',
  '127.2',
  '2130706434',
  '0x7f.2',
  '0177.0.0.2',
  '0',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.2]',
  '[::ffff:7f00:2]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  '169.254.169.254',
  '10.0.0.1',
  '[fd00:ec2::254]',
])('dials nothing for %s', async (host) => {
  await using sender = makeSender({ dnsServers: [dns.address] });
  const before = everywhere.sockets.length;
  const result = await sender.send(hook(`http://${host}:${everywhere.port}/`));
  expect(withoutDuration(result)).toEqual(BLOCKED);
  expect(everywhere.sockets.length).toBe(before);
});

test('dials the address that was checked when the name flips to a bad one', async () => {
  await using sender = makeSender({ dnsServers: [dns.address] });
  const before = everywhere.sockets.length;
  const url = `http://flips-bad.test:${everywhere.port}/`;
  expect(await sender.send(hook(url))).toMatchObject({ kind: 'response', status: 200 });
  expect(dns.asked.filter((query) => query === 'A flips-bad.test')).toHaveLength(1);
  expect(everywhere.sockets.slice(before).map((socket) => socket.localAddress)).toEqual(['::ffff:127.0.0.1']);
});

test('checks the name anew for every new connection', async () => {
  const closing = await RawReceiver.start(
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')),
    '::',
  );
  await using sender = makeSender({ dnsServers: [dns.address] });
  const url = `http://flips-good.test:${closing.port}/`;
  expect(withoutDuration(await sender.send(hook(url)))).toEqual(BLOCKED);
  expect(await sender.send(hook(url))).toMatchObject({ kind: 'response' });
  expect(await sender.send(hook(url))).toMatchObject({ kind: 'response' });
  expect(dns.asked.filter((query) => query === 'A flips-good.test')).toHaveLength(3);
  await closing.close();
});

test('does not follow a redirect, to a bad address or to any', async () => {
  await using sender = makeSender({ dnsServers: [dns.address] });
  for (const target of ['127.0.0.2', 'good.test', 'metadata.test']) {
    const location = `http://${target}:${everywhere.port}/`;
    const redirecting = await RawReceiver.answering(
      `HTTP/1.1 307 Elsewhere\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`,
    );
    const before = everywhere.sockets.length;
    const result = await sender.send(hook(redirecting.url));
    expect(result).toMatchObject({ kind: 'response', status: 307 });
    expect(everywhere.sockets.length).toBe(before);
    await redirecting.close();
  }
});

test.each([25, 22, 6667, 0])('never dials port %d, whatever was stored', async (port) => {
  await using sender = makeSender();
  expect(withoutDuration(await sender.send(hook(`http://127.0.0.1:${port}/`)))).toEqual(BLOCKED);
});

test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'data:,x', 'unix:/var/run/x.sock'])(
  'never dials %s',
  async (url) => {
    await using sender = makeSender();
    expect(withoutDuration(await sender.send(hook(url)))).toEqual(BLOCKED);
  },
);

test('where https is required, plain http reaches explicitly allowed addresses only', async () => {
  const port = everywhere.port;
  const rules = { requireHttps: true, dnsServers: [dns.address] };
  await using strict = makeSender({ ...rules, allow: ['127.0.0.1/32'] });
  expect(await strict.send(hook(`http://127.0.0.1:${port}/`))).toMatchObject({ status: 200 });
  expect(await strict.send(hook(`http://good.test:${port}/`))).toMatchObject({ status: 200 });
  // This address is public, so it could be reached by https.
  expect(withoutDuration(await strict.send(hook('http://8.8.8.8/')))).toEqual(BLOCKED);
});
