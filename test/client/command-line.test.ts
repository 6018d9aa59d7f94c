import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
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
let built: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-command-'));
  built = await buildCommand();
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer({ RETRY_SCHEDULE: '0' }));
  // The commands send no document that such a server does not know.
  trusted = await stage.startServer({ ROLE: 'api', TRUSTED_DOCUMENTS_ONLY: 'true' });
  receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'thing.happened', example: {} });
  await registerEventType(caller, { name: 'thing.refused', example: {} });
  await registerEventType(caller, { name: 'order.paid', example: {} });
  refused = await stage.startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  await createEndpoint(caller, { url: refused.url, events: ['thing.refused'] });
  endpointId = (await createEndpoint(caller, { url: receiver.url, events: ['thing.happened'] })).id;
});
afterAll(async () => {
  await stage?.close();
  for (const path of [folder, built]) rmSync(path, { recursive: true, force: true });
});

/** Built once, because translating the sources would take most of the time of each command. */
async function buildCommand(): Promise<string> {
  mkdirSync('node_modules/.cache', { recursive: true });
  const outdir = mkdtempSync('node_modules/.cache/heliograph-command-');
  await build({
    ...{ entryPoints: ['src/client/cli/main.ts'], outfile: join(outdir, 'cli/main.mjs') },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'warning' },
  });
  copyFileSync('src/client/package.json', join(outdir, 'package.json'));
  return outdir;
}

/** Runs the command. With `until`, it gets Ctrl-C once its output matches. */
async function heliograph(
  options: readonly string[],
  more: { token?: string; until?: RegExp; input?: string } = {},
) {
  const child = spawn(process.execPath, [join(built, 'cli/main.mjs'), ...options], {
    env: {
      PATH: process.env.PATH,
      HELIOGRAPH_URL: trusted.origin,
      HELIOGRAPH_TOKEN: more.token ?? caller.token,
      XDG_CONFIG_HOME: folder,
    },
    stdio: [more.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(more.input);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (more.until?.test(out)) child.kill('SIGINT');
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
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
  expect(await heliograph(['doctor'], { token: '\t' })).toMatchObject({
    code: 1,
    out: expect.stringMatching(/wrong +credential +There is none/),
  });
  expect(await heliograph(['doctor'], { token: 'not-a-token' })).toMatchObject({
    code: 1,
    out: expect.stringMatching(/wrong +credential +UNAUTHENTICATED: .+ Get a new token/),
  });
  const none = { code: 0, out: '0 deliveries can be replayed.\n' };
  expect(await heliograph(['replay', '--type', 'thing.happened'])).toMatchObject(none);
});

test('makes an endpoint with all that it can have, and never needs a secret as an argument', async () => {
  const own = `whsec_${randomBytes(32).toString('base64')}`;
  writeFileSync(join(folder, 'key'), 'a header’s secret'.replace('’', "'"));
  const made = await heliograph(
    [
      ...['--json', 'create-endpoint', receiver.url, '--events', 'order.paid', '--secret-file', '-'],
      ...['--header', 'x-plain: yes', '--secret-header', `x-secret=${join(folder, 'key')}`],
      ...['--signing-header', `x-hub-signature-256=${join(folder, 'key')}`, '--header-prefix', 'svix-'],
      ...['--filter', '/data/amount GTE 100', '--retry-schedule', '0,1', '--timeout', '5s'],
      ...['--stop-on', '422', '--alert-email', 'ops@example.com', '--ordering', 'strict', '--rate', '50'],
    ],
    { input: `${own}\n` },
  );
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(made.out).not.toContain(own);
  const [endpoint] = made.objects();
  expect(endpoint).toMatchObject({
    headers: [
      { name: 'x-plain', value: 'yes', isSecret: false },
      { name: 'x-secret', value: null, isSecret: true },
      { name: 'x-hub-signature-256', value: null, signsBody: true },
    ],
    filter: [{ path: '/data/amount', op: 'GTE', value: 100 }],
    ...{ ordering: 'STRICT', headerPrefix: 'svix-', retrySchedule: [0, 1], timeoutMs: 5_000, stopOn: [422] },
    ...{ alertEmails: ['ops@example.com'], maxDeliveriesPerSecond: 50, signature: 'HMAC_SHA256' },
  });
  const tested = await heliograph(['test', endpoint.id, '--payload', '{"amount":7}', '--watch']);
  expect(tested).toMatchObject({ code: 0, out: expect.stringContaining('SUCCEEDED') });
  const got = receiver.received.find(({ headers }) => headers['x-plain'] === 'yes');
  const mac = createHmac('sha256', "a header's secret").update(got?.body ?? '');
  expect(got?.headers).toMatchObject({
    'x-secret': "a header's secret",
    'x-hub-signature-256': `sha256=${mac.digest('hex')}`,
  });
  const named = ['id', 'timestamp', 'signature'].map((n) => [`webhook-${n}`, got?.headers[`svix-${n}`]]);
  expect(new Webhook(own).verify(got?.body ?? '', Object.fromEntries(named))).toMatchObject({
    data: { amount: 7 },
  });
  const changed = await heliograph([
    ...['--json', 'update-endpoint', endpoint.id, '--keep-header', 'x-secret', '--filter', 'none'],
    ...['--ordering', 'none', '--stop-on', 'none', '--timeout', 'none', '--header-prefix', 'webhook-'],
  ]);
  expect(changed.objects()[0]).toMatchObject({
    headers: [{ name: 'x-secret', isSecret: true }],
    ...{ filter: [], ordering: 'NONE', stopOn: [], timeoutMs: null, retrySchedule: [0, 1] },
  });
  const rotated = await heliograph(['rotate-secret', endpoint.id, '--overlap', '0s']);
  expect(rotated).toMatchObject({ code: 0, out: expect.stringMatching(/secret {6}whsec_/) });
  const pair = ['create-endpoint', receiver.url, '--events', 'order.paid', '--signature', 'ed25519'];
  expect((await heliograph(pair)).out).toMatch(/public key {2}whpk_/);
});

test('pauses and resumes, recovers what was missed, and replays what has succeeded by force', async () => {
  const paused = await heliograph(['pause', endpointId]);
  expect(paused).toMatchObject({ code: 0, out: expect.stringContaining('PAUSED') });
  expect((await heliograph(['resume', endpointId])).out).toContain('ACTIVE');
  const late = await createEndpoint(caller, { url: receiver.url, events: ['thing.happened'] });
  const counted = await heliograph(['--json', 'recover', late.id, '--since', '1h', '--dry-run']);
  const [{ failed, missed }] = counted.objects();
  expect({ failed, isSome: missed > 0 }).toEqual({ failed: 0, isSome: true });
  expect((await heliograph(['recover', late.id, '--since', '1h'])).code).toBe(2);
  const recovered = await heliograph(['--json', 'recover', late.id, '--since', '1h', '--yes']);
  expect(recovered.objects().at(-1)).toMatchObject({ status: 'COMPLETED', replayed: missed });
  const [shown] = (await heliograph(['--json', 'endpoint', late.id])).objects();
  const [{ id }] = shown.deliveries.nodes;
  await untilTrue(async () => (await heliograph(['delivery', id])).out.includes('SUCCEEDED'));
  const refusedReplay = await heliograph(['replay', id]);
  expect(refusedReplay).toMatchObject({ code: 1, err: expect.stringContaining('this one is SUCCEEDED') });
  expect((await heliograph(['replay', id, '--force', '--watch'])).out).toContain('SUCCEEDED');
});

test('cancels what waits and deletes an endpoint, once that was agreed to', async () => {
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
  await heliograph(['pause', id]);
  const events = await publish(caller, Array(3).fill({ type: 'order.paid', payload: {} }));
  const waiting = ['--json', 'deliveries', '--endpoint', id, '--status', 'PENDING'];
  const [{ id: one }] = (await heliograph(waiting)).objects();
  expect((await heliograph(['cancel', one])).out).toBe(`${one}  FAILED  CANCELLED\n`);
  expect(await heliograph(['cancel', one])).toMatchObject({
    code: 1,
    err: expect.stringContaining('FAILED'),
  });
  expect((await heliograph(['cancel', one, '--type', 'order.paid'])).code).toBe(2);
  expect((await heliograph(['cancel', '--status', 'FAILED', '--yes'])).code).toBe(2);
  expect((await heliograph(['cancel', '--endpoint', id])).code).toBe(2);
  const cancelled = await heliograph(['--json', 'cancel', '--endpoint', id, '--yes']);
  const left = events.length - 1;
  expect(cancelled.objects()).toMatchObject([{ matched: left }, { status: 'COMPLETED', cancelled: left }]);
  expect((await heliograph(['delete-endpoint', id])).code).toBe(2);
  expect((await heliograph(['delete-endpoint', id, '--yes'])).out).toBe(`${id}  deleted\n`);
  expect((await heliograph(['delete-endpoint', id, '--yes'])).code).toBe(1);
});

test('finds deliveries by what was answered, endpoints by what fails, and events by a filter', async () => {
  const found = (
    await heliograph(['--json', 'deliveries', '--answered', '500', '--error', 'STATUS 5'])
  ).objects();
  expect(found.length).toBeGreaterThan(0);
  expect(new Set(found.map(({ eventType }: { eventType: string }) => eventType))).toEqual(
    new Set(['thing.refused']),
  );
  expect((await heliograph(['deliveries', '--answered', '599'])).code).toBe(0);
  const [first] = (await heliograph(['--json', 'endpoints', '--failing-first'])).objects();
  expect(first.events).toEqual(['thing.refused']);
  const preview = await heliograph(['preview-filter', 'thing.happened', '--filter', '/data/a EQ 1']);
  expect(preview).toMatchObject({ code: 0, out: expect.stringMatching(/1 of \d+ pass/) });
});

test('what the server refuses is said with its place, and ends with 1', async () => {
  const refusals: [options: string[], message: RegExp][] = [
    [['--header', 'webhook-id: x'], /headers\.0\.name: .*reserved/],
    [['--header', 'x-a: line\nbreak'], /headers\.0\.value/],
    [['--filter', '/a IN 1'], /filter\.0\.value/],
    [['--retry-schedule', '31536000'], /retrySchedule/],
    [['--stop-on', '200'], /stopOn/],
    [['--alert-email', 'nobody'], /alertEmails/],
  ];
  const results = await Promise.all(
    refusals.map(([options]) => heliograph(['update-endpoint', endpointId, ...options])),
  );
  for (const [index, { code, err }] of results.entries()) {
    expect.soft({ code, err }).toEqual({ code: 1, err: expect.stringMatching(refusals[index]?.[1] ?? /$^/) });
  }
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
  [['create-endpoint', 'http://127.0.0.1:9/']],
  [['create-endpoint', 'http://127.0.0.1:9/', '--events', '*', '--secret', 'whsec_x']],
  [['update-endpoint', 'ep_1']],
  [['update-endpoint', 'ep_1', '--active', '--inactive']],
  [['recover', 'ep_1']],
  [['rotate-secret', 'ep_1', '--overlap', '1']],
  [['replay', '--force']],
  [['replay', 'dlv_1', '--since', '2h']],
  [['deliveries', '--answered', '5xx']],
  [['deliveries', '--limit', '0']],
  [['preview-filter', 'thing.happened']],
])('%j is wrong usage', async (options) => {
  const err = expect.stringMatching(/\nUsage: heliograph.*\nSee heliograph help/);
  expect(await heliograph(options)).toMatchObject({ code: 2, out: '', err });
});

test('a credential that is not good, or may not, ends with 3', async () => {
  expect((await heliograph(['endpoints'], { token: 'nonsense' })).code).toBe(3);
  const token = await stage.issuer.sign({ permissions: ['publish_events'] });
  expect((await heliograph(['tail'], { token })).code).toBe(3);
});
