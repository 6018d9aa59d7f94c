import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

let stage: Stage;
let caller: Caller;
let trusted: ServerProcess;
let receiver: Receiver;
let refused: Receiver;
let endpointId: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-command-'));
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer({ RETRY_SCHEDULE: '0' }));
  // The commands send no document that such a server does not know.
  trusted = await stage.startServer({ ROLE: 'api', TRUSTED_DOCUMENTS_ONLY: 'true' });
  receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'thing.happened', example: {} });
  await registerEventType(caller, { name: 'thing.refused', example: {} });
  refused = await stage.startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  await createEndpoint(caller, { url: refused.url, events: ['thing.refused'] });
  endpointId = (await createEndpoint(caller, { url: receiver.url, events: ['thing.happened'] })).id;
});
afterAll(async () => {
  await stage?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command. With `until`, it gets Ctrl-C once its output matches. */
async function heliograph(options: readonly string[], more: { token?: string; until?: RegExp } = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/client/cli/main.ts', ...options], {
    env: {
      PATH: process.env.PATH,
      HELIOGRAPH_URL: trusted.origin,
      HELIOGRAPH_TOKEN: more.token ?? caller.token,
      XDG_CONFIG_HOME: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (more.until?.test(out)) child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    if (more.until?.test(err)) child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  expect(out + err).not.toMatch(/\n {4}at /);
  expect(out + err).not.toContain(more.token ?? caller.token);
  return {
    code,
    out,
    err,
    objects: () =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}

test('publishes and watches; the log is followed, and goes on where it stopped', async () => {
  const published = await heliograph(['publish', 'thing.happened', '--payload', '{"a":1}', '--watch']);
  expect(published).toMatchObject({ code: 0, out: expect.stringContaining('SUCCEEDED') });
  const state = join(folder, 'position');
  writeFileSync(state, '0\n');
  const tailed = await heliograph(['--json', 'tail', '--state', state], { until: /"SUCCEEDED"/ });
  expect(tailed.code).toBe(0);
  expect(tailed.objects().map(({ position }: { position: number }) => position)).toEqual([1, 2]);
  expect(readFileSync(state, 'utf8')).toBe('2\n');
});

test('shows endpoints, one endpoint, a delivery and the event types', async () => {
  const endpoints = (await heliograph(['--json', 'endpoints'])).objects();
  const endpoint = endpoints.find(({ id }: { id: string }) => id === endpointId);
  expect(endpoint).toMatchObject({ id: endpointId, state: { name: 'ACTIVE' } });
  expect((await heliograph(['endpoints'])).out).toContain(receiver.url);
  const [shown] = (await heliograph(['--json', 'endpoint', endpointId])).objects();
  const deliveryId = shown.deliveries.nodes[0].id;
  const delivery = await heliograph(['delivery', deliveryId]);
  expect(delivery).toMatchObject({ code: 0, out: expect.stringContaining('SUCCEEDED') });
  expect((await heliograph(['event-types'])).out).toContain('thing.happened');
});

test('`listen` sends the same bytes and id, with a signature that the official library takes', async () => {
  const local = await stage.startReceiver();
  const listened = await heliograph(['listen', '--forward', local.url, '--after', '0'], { until: /evt_/ });
  expect(listened.code).toBe(0);
  const [same] = receiver.received;
  const [forwarded] = local.received;
  expect(forwarded?.body).toBe(same?.body);
  expect(forwarded?.headers['webhook-id']).toBe(same?.headers['webhook-id']);
  const secret = /whsec_\S+/.exec(listened.err)?.[0] ?? '';
  expect(new Webhook(secret).verify(forwarded?.body ?? '', forwarded?.headers ?? {})).toMatchObject({
    data: { a: 1 },
  });
});

test('a platform service names the tenant, for `doctor` as for all', async () => {
  const token = await stage.issuer.sign({ kind: 'service', tenant: undefined });
  const { code, out } = await heliograph(['--tenant', 'acme', 'doctor'], { token });
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/ok +event stream/) });
  expect((await heliograph(['doctor'], { token })).code).toBe(1);
});

test('`replay` sends what has failed again, once that was agreed to', async () => {
  await publish(caller, [{ type: 'thing.refused', payload: {} }]);
  await refused.until(1);
  const failed = ['--json', 'replay', '--type', 'thing.refused'];
  await untilTrue(async () => (await heliograph(failed)).out.startsWith('{"matched":1,'));
  expect((await heliograph(failed)).code).toBe(2);
  expect(refused.received).toHaveLength(1);
  const replayed = await heliograph([...failed, '--yes']);
  expect(replayed.code).toBe(0);
  expect(replayed.objects()).toMatchObject([{ matched: 1 }, { status: 'COMPLETED', replayed: 1 }]);
  await refused.until(2);
});

test('`listen` sends one event again, and tries again while the receiver is down', async () => {
  const [event] = await publish(caller, [{ type: 'thing.happened', payload: { again: true } }]);
  const local = await stage.startReceiver();
  const { url } = local;
  await local.close();
  const resend = ['listen', '--forward', url, '--resend', event?.event.id ?? ''];
  const { code, err } = await heliograph(resend, { until: /does not answer/ });
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('Trying again') });
});

test('`doctor` finds all well; `replay` counts and asks', async () => {
  expect(await heliograph(['doctor'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('event stream'),
  });
  const none = { code: 0, out: '0 deliveries can be replayed.\n' };
  expect(await heliograph(['replay', '--type', 'thing.happened'])).toMatchObject(none);
});

test.each([
  [['bogus']],
  [['tail', '--after', 'x']],
  [['tail', '--status', 'LOST']],
  [['publish']],
  [['publish', 'thing.happened', '--payload', '{nope']],
  [['listen', '--forward', 'nowhere']],
  [['replay', '--since', 'yesterday']],
  [['replay', '--status', 'SUCCEEDED']],
  [['--url', 'nowhere', 'endpoints']],
  [['--token', 'secret', 'endpoints']],
])('%j is wrong usage', async (options) => {
  const err = expect.stringMatching(/\nUsage: heliograph.*\nSee heliograph help/);
  expect(await heliograph(options)).toMatchObject({ code: 2, out: '', err });
});

test('a credential that is not good, or may not, ends with 3', async () => {
  expect((await heliograph(['endpoints'], { token: 'nonsense' })).code).toBe(3);
  const token = await stage.issuer.sign({ permissions: ['publish_events'] });
  expect((await heliograph(['tail'], { token })).code).toBe(3);
});
