import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signDevelopmentToken } from '../../src/access/development-keys.ts';
import { permissions } from '../../src/access/permissions.ts';
import { readConfig } from '../../src/config.ts';
import { startServer } from '../support/server-process.ts';

/**
 * `npm run bench:hostile`: what one caller's worst requests do to everybody else. Another tenant asks 100 ordinary
 * things and /healthz beside each kind of them; their latency is told without and with, and the server's memory.
 */
const ordinary = 100;
const atOnce = 3;

const folder = mkdtempSync(join(tmpdir(), 'heliograph-hostile-'));
const server = await startServer({ DATA_DIR: folder, PORT: '0' });
const config = readConfig({ DATA_DIR: folder });
const tokenOf = (tenant: string) =>
  signDevelopmentToken(config, {
    subject: tenant,
    kind: 'user',
    tenant,
    permissions,
    expiresInSeconds: 3_600,
  });
const [hostile, quiet] = await Promise.all([tokenOf('hostile'), tokenOf('quiet')]);

async function post(token: string, body: string): Promise<string> {
  const response = await fetch(`${server.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  });
  return await response.text();
}

const ask = (token: string, query: string, variables: object = {}) =>
  post(token, JSON.stringify({ query, variables }));

const register = (name: string, schema: unknown, example: unknown) =>
  ask(
    hostile,
    `mutation ($input: RegisterEventTypeInput!) { registerEventType(input: $input) { __typename ... on ValidationError { issues { message } } } }`,
    { input: { name, description: 'x', dataType: 'x', schema, example } },
  );
const publish = (type: string, payload: unknown) =>
  ask(
    hostile,
    `mutation ($input: PublishEventsInput!) { publishEvents(input: $input) { __typename ... on ValidationError { issues { code } } } }`,
    { input: { events: [{ type, payload }] } },
  );

const a = (length: number) => 'a'.repeat(length);
const branches = ['a', 'b', 'c', 'd'].map((type) => ({
  type: 'object',
  properties: { children: { type: 'array', items: { $ref: '#' } }, type: { const: type } },
  required: ['type'],
}));
const nested = (depth: number): object =>
  depth === 0 ? { type: 'd' } : { children: [nested(depth - 1)], type: 'd' };
await register('hostile.pattern', { properties: { a: { pattern: '^(a+)+$' } } }, {});
await register('hostile.stars', { properties: { a: { pattern: 'a*a*b$' } } }, {});
await register('hostile.unique', { properties: { list: { uniqueItems: true } } }, {});
await register('hostile.rich', { oneOf: branches }, { type: 'd' });

const aliases = (count: number, filter: string) =>
  `query ($filter: DeliveryFilter) { ${Array.from({ length: count }, (_, n) => `a${n}: deliveries(first: 1, filter: ${filter}) { logPosition }`).join(' ')} }`;

const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
  'a pattern that backtracks': () => publish('hostile.pattern', { a: `${a(33)}!` }),
  'a pattern of two stars': () => publish('hostile.stars', { a: a(2_500) }),
  '12,000 unique items': () =>
    publish('hostile.unique', { list: Array.from({ length: 12_000 }, (_, id) => ({ id })) }),
  'recursive rich text': () => publish('hostile.rich', nested(12)),
  'a list of 90,000 used 20 times': () =>
    ask(hostile, aliases(20, '$filter'), {
      filter: { eventType: Array.from({ length: 90_000 }, (_, n) => `t.${n}`) },
    }),
  '200 aliases of a filtered page': () =>
    ask(hostile, aliases(200, '$filter'), {
      filter: { eventType: Array.from({ length: 50 }, (_, n) => `t.${n}`) },
    }),
  '4 MB of numbers': () =>
    post(hostile, `{"query":"{ viewer { kind } }","variables":{"x":[${'1,'.repeat(2_000_000)}1]}}`),
  'bad credentials': () =>
    Promise.all(Array.from({ length: 50 }, () => ask('nonsense', '{ viewer { kind } }'))),
};

const timed = async (act: () => Promise<unknown>) => {
  const began = performance.now();
  await act();
  return performance.now() - began;
};

async function measure(beside: (() => Promise<unknown>) | undefined) {
  let isOver = false;
  const load = Array.from({ length: beside === undefined ? 0 : atOnce }, async () => {
    while (!isOver) await beside?.();
  });
  const reads: number[] = [];
  const health: number[] = [];
  for (let count = 0; count < ordinary; count += 1) {
    reads.push(await timed(() => ask(quiet, '{ eventTypes { name } endpoints { nodes { id } } }')));
    health.push(await timed(async () => (await fetch(`${server.origin}/healthz`)).text()));
  }
  isOver = true;
  await Promise.all(load);
  return { reads, health };
}

const at = (times: readonly number[], share: number) =>
  [...times].sort((x, y) => x - y)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
const shown = (times: readonly number[]) =>
  [0.5, 0.99, 1].map((share) => at(times, share).toFixed(0).padStart(5)).join(' ');
async function memoryMb(): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]) / 1_048_576;
}

try {
  await measure(undefined);
  console.log(`${'beside'.padEnd(34)}read p50   p99   max  health p50   p99   max   memory MB`);
  const tell = async (name: string, beside: (() => Promise<unknown>) | undefined) => {
    const { reads, health } = await measure(beside);
    console.log(
      `${name.padEnd(32)} ${shown(reads)}       ${shown(health)}   ${(await memoryMb()).toFixed(0)}`,
    );
  };
  await tell('nothing', undefined);
  for (const [name, act] of Object.entries(kinds)) await tell(name, act);
  await tell('nothing, afterwards', undefined);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
