import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caller, createEndpoint, registerEventType } from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let caller: Caller;
let receiver: Receiver;
let endpointId: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-command-'));
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer());
  receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'thing.happened', example: {} });
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
      HELIOGRAPH_URL: caller.origin,
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
  const [endpoint] = (await heliograph(['--json', 'endpoints'])).objects();
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

test('`doctor` finds all well; `replay` counts and asks', async () => {
  expect(await heliograph(['doctor'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('event stream'),
  });
  expect(await heliograph(['replay'])).toMatchObject({ code: 0, out: '0 deliveries can be replayed.\n' });
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
