import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EndpointOptions, inputOf, withEndpointOptions } from '../../src/client/cli/endpoint-options.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-options-'));
  writeFileSync(join(folder, 'key'), 'top=secret \r\n');
  writeFileSync(join(folder, 'empty'), '\n');
  writeFileSync(join(folder, 'filter'), '[{"path":"","op":"EXISTS"},{"path":"/a b","op":"EQ","value":1}]');
  writeFileSync(join(folder, 'object'), '{"path":"/a"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the arguments become, with `DIR` for the folder. */
async function input(...args: string[]): Promise<Record<string, unknown>> {
  const command = withEndpointOptions(new Command())
    .option('--keep-header <name>', '', (value: string, before: string[] = []) => [...before, value])
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(
    args.map((arg) => arg.replace('DIR', folder)),
    { from: 'user' },
  );
  return await inputOf(command.opts<EndpointOptions>());
}

test('what is not named is not in the input, and none takes away', async () => {
  expect(await input()).toEqual({});
  const all = [
    '--header',
    '--filter',
    '--retry-schedule',
    '--timeout',
    '--stop-on',
    '--alert-email',
    '--rate',
  ];
  expect(await input(...all.flatMap((option) => [option, 'none']))).toEqual({
    headers: [],
    filter: [],
    retrySchedule: null,
    timeoutMs: null,
    stopOn: [],
    alertEmails: [],
    maxDeliveriesPerSecond: null,
  });
});

test('everything can be named', async () => {
  expect(
    await input(
      ...['--header', 'X-One: a: b', '--header', 'x-two:', '--secret-header', 'x-key=DIR/key'],
      ...['--signing-header', 'x-hub=DIR/key', '--keep-header', 'x-old', '--keep-header', 'x-sig=key'],
      ...['--retry-schedule', '0, 5,60', '--timeout', '15s', '--stop-on', '400,422', '--rate', '5'],
      ...['--alert-email', 'a@x.test, b@x.test', '--header-prefix', 'svix-', '--ordering', 'strict'],
      ...['--description', '', '--traceparent', 'send'],
    ),
  ).toEqual({
    headers: [
      { name: 'X-One', value: 'a: b' },
      { name: 'x-two', value: '' },
      { name: 'x-key', value: 'top=secret ', isSecret: true },
      { name: 'x-hub', value: 'top=secret ', signsBody: true },
      { name: 'x-old', value: null, isSecret: true },
      { name: 'x-sig', value: null, signsBody: true },
    ],
    retrySchedule: [0, 5, 60],
    timeoutMs: 15_000,
    stopOn: [400, 422],
    maxDeliveriesPerSecond: 5,
    alertEmails: ['a@x.test', 'b@x.test'],
    headerPrefix: 'svix-',
    ordering: 'STRICT',
    description: '',
    sendTraceparent: true,
  });
  expect(await input('--timeout', '1500ms')).toEqual({ timeoutMs: 1_500 });
});

test('a condition’s value is JSON, or else a text; a file holds whole conditions', async () => {
  const conditions = [
    '/data/a gte 100',
    '/data/b EQ null',
    '/c IN ["x",1]',
    '/d EXISTS',
    '/e STARTS_WITH a b',
  ];
  const given = conditions.flatMap((condition) => ['--filter', condition]);
  expect(await input(...given, '--filter', '@DIR/filter')).toEqual({
    filter: [
      { path: '/data/a', op: 'GTE', value: 100 },
      { path: '/data/b', op: 'EQ', value: null },
      { path: '/c', op: 'IN', value: ['x', 1] },
      { path: '/d', op: 'EXISTS' },
      { path: '/e', op: 'STARTS_WITH', value: 'a b' },
      { path: '', op: 'EXISTS' },
      { path: '/a b', op: 'EQ', value: 1 },
    ],
  });
});

test.each([
  [['--header', 'no colon'], /no header/],
  [['--header', ': value'], /no header/],
  [['--header', 'none', '--header', 'a: b'], /no other header/],
  [['--secret-header', 'x-key'], /Name=FILE/],
  [['--secret-header', 'x-key=DIR/missing'], /cannot be read: ENOENT/],
  [['--secret-header', 'x-key=DIR/empty'], /has no secret/],
  [['--signing-header', '=DIR/key'], /Name=FILE/],
  [['--keep-header', 'a=b'], /no name/],
  [['--filter', 'data EQ 1'], /no condition/],
  [['--filter', '/data EQ'], /no condition/],
  [['--filter', '/data EXISTS 1'], /no condition/],
  [['--filter', '/data'], /no condition/],
  [['--filter', '/data EQ {"a":'], /not JSON/],
  [['--filter', '@DIR/object'], /JSON list/],
  [['--filter', '@DIR/missing'], /cannot be read/],
  [['--filter', 'none', '--filter', '/a EXISTS'], /no other condition/],
  [['--retry-schedule', '0,x'], /no whole number/],
  [['--retry-schedule', '-1'], /no whole number|argument missing/],
  [['--timeout', '15'], /no time limit/],
  [['--stop-on', '4e2'], /no whole number/],
  [['--alert-email', 'a@x.test,,b@x.test'], /names/],
  [['--ordering', 'sometimes'], /none, strict/],
  [['--header-prefix', 'x-'], /webhook-, svix-/],
])('%j is wrong usage', async (args, message) => {
  await expect(input(...args)).rejects.toThrow(message);
});
