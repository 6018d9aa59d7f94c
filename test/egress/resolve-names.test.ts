import { afterAll, beforeAll, expect, test } from 'vitest';
import { DnsServer } from '../support/dns-server.ts';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

let dns: DnsServer;
let receiver: RawReceiver;

beforeAll(async () => {
  receiver = await RawReceiver.answering(OK);
  dns = await DnsServer.start({
    'good.test': { a: ['127.0.0.1'] },
    'no-address.test': {},
    'broken.test': 'servfail',
    'silent.test': 'silent',
    'half-silent.test': { a: ['127.0.0.1'], aaaa: 'silent' },
    'half-broken.test': { aaaa: 'silent' },
    'partly-down.test': { a: ['127.0.0.3', '127.0.0.1'] },
    'down.test': { a: ['127.0.0.3', '127.0.0.4'] },
  });
});

afterAll(async () => {
  await dns.close();
  await receiver.close();
});

function sendTo(host: string, timeoutMs = 20_000, allow = ['127.0.0.0/8']) {
  const sender = makeSender({ dnsServers: [dns.address], allow });
  return sender.send(hook(`http://${host}:${receiver.port}/`, { timeoutMs })).finally(() => sender.close());
}

test('asks the configured server for both families', async () => {
  expect(await sendTo('good.test')).toMatchObject({ status: 200 });
  expect(dns.asked.filter((query) => query.endsWith(' good.test')).sort()).toEqual([
    'A good.test',
    'AAAA good.test',
  ]);
});

test.each([
  ['unknown.test', 'the host name does not exist'],
  ['no-address.test', 'the host name has no address'],
  ['broken.test', 'the name servers could not resolve the host name'],
])('a name that leads nowhere: %s', async (host, error) => {
  expect(await sendTo(host)).toMatchObject({ outcome: 'DNS_FAILED', error });
});

test('a name server that never answers does not outlast the deadline', async () => {
  const result = await sendTo('silent.test', 200);
  expect(result).toMatchObject({ outcome: 'TIMEOUT' });
});

test('dead names do not delay a good one', async () => {
  let ended = 0;
  const dead = Array.from({ length: 50 }, () => sendTo('silent.test', 2_000).then(() => (ended += 1)));
  expect(await sendTo('good.test')).toMatchObject({ status: 200 });
  expect(ended).toBeLessThan(dead.length);
  await Promise.all(dead);
});

test('one family that never answers delays the other only a little', async () => {
  expect(await sendTo('half-silent.test', 3_000)).toMatchObject({ status: 200 });
});

test('a name server that is not there', async () => {
  const gone = await DnsServer.start({});
  const { address } = gone;
  await gone.close();
  await using sender = makeSender({ dnsServers: [address] });
  expect(await sender.send(hook('http://good.test/'))).toMatchObject({
    outcome: 'DNS_FAILED',
    error: 'the name servers did not answer',
  });
});

test('localhost and the names below it are loopback, without asking', async () => {
  for (const host of ['localhost', 'LOCALHOST', 'a.b.localhost']) {
    expect(await sendTo(host, 400, ['127.0.0.1'])).toMatchObject({ status: 200 });
    expect(await sendTo(host, 400, ['10.0.0.0/8'])).toMatchObject({ outcome: 'BLOCKED_ADDRESS' });
  }
  expect(dns.asked.filter((query) => /localhost/i.test(query))).toEqual([]);
});

test('the next address is tried when one does not accept', async () => {
  expect(await sendTo('partly-down.test')).toMatchObject({ status: 200 });
});

test('a name of which no address accepts', async () => {
  expect(await sendTo('down.test')).toMatchObject({
    outcome: 'CONNECTION_FAILED',
    error: 'the connection was refused',
  });
});

test('a bad name server stops the start', () => {
  expect(() => makeSender({ dnsServers: ['not-an-address'] })).toThrow(/not-an-address/);
});
