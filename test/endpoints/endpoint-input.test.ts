import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  checkEndpointChange,
  checkNewEndpoint,
  type EndpointChangeInput,
  type EndpointRules,
  type NewEndpointInput,
} from '../../src/endpoints/endpoint-input.ts';
import { ValidationError, type ValidationIssue } from '../../src/errors.ts';
import { registerEventType } from '../../src/event-types/catalogue.ts';
import { limitsWith } from '../support/limits.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let rules: EndpointRules;
beforeAll(async () => {
  room = await openRoom();
  rules = { database: room.database, guard: room.guard, requireHttps: false, retentionDays: 30 };
  for (const name of ['comment.created', 'comment.deleted', 'task.moved']) {
    const type = { name, description: 'for a test', dataType: 'thing', example: {} };
    await room.act((trx) => registerEventType(trx, type, { by, limits: limitsWith() }));
  }
});
afterAll(() => room.close());

const good: NewEndpointInput = { url: 'https://example.com/hook', events: ['comment.created'] };

async function issuesOf(check: Promise<unknown>): Promise<[path: string, code: string][]> {
  const error = await check.catch((error: unknown) => error);
  if (!(error instanceof ValidationError)) return [];
  return error.issues.map(({ path, code }: ValidationIssue) => [path.join('.'), code]);
}

test.for<[string, Partial<NewEndpointInput>, [string, string][]]>([
  ['no scheme', { url: 'example.com' }, [['url', 'INVALID_URL']]],
  ['a script', { url: 'javascript:alert(1)' }, [['url', 'INVALID_URL']]],
  ['the metadata service', { url: 'http://169.254.169.254/' }, [['url', 'BLOCKED_ADDRESS']]],
  ['a private address', { url: 'https://10.0.0.1/' }, [['url', 'BLOCKED_ADDRESS']]],
  ['a loopback address in disguise', { url: 'http://0x7f000002/' }, [['url', 'BLOCKED_ADDRESS']]],
  ['no event types', { events: [] }, [['events', 'EMPTY']]],
  ['an unknown event type', { events: ['*', 'no.such'] }, [['events.1', 'UNKNOWN_EVENT_TYPE']]],
  ['a wildcard in the wrong place', { events: ['*.created'] }, [['events.0', 'INVALID_PATTERN']]],
  ['an event type twice', { events: ['task.moved', 'task.moved'] }, [['events.1', 'DUPLICATE']]],
  ['a description of 2,000 characters', { description: 'x'.repeat(2_000) }, [['description', 'TOO_LONG']]],
  ['a description with a NUL', { description: 'a\0b' }, [['description', 'INVALID_CHARACTER']]],
  ['a rate of 0', { maxDeliveriesPerSecond: 0 }, [['maxDeliveriesPerSecond', 'OUT_OF_RANGE']]],
  ['a rate of 10,001', { maxDeliveriesPerSecond: 10_001 }, [['maxDeliveriesPerSecond', 'OUT_OF_RANGE']]],
  [
    'everything at once',
    { url: '', events: [], description: 'x'.repeat(1_001), maxDeliveriesPerSecond: -1 },
    [
      ['url', 'INVALID_URL'],
      ['events', 'EMPTY'],
      ['description', 'TOO_LONG'],
      ['maxDeliveriesPerSecond', 'OUT_OF_RANGE'],
    ],
  ],
])('%s is refused with its path', async ([, input, issues]) => {
  expect(await issuesOf(checkNewEndpoint(rules, { ...good, ...input }))).toEqual(issues);
  expect(await issuesOf(checkEndpointChange(rules, input))).toEqual(issues);
});

test.for<[string, Partial<NewEndpointInput>]>([
  ['names, categories and all', { events: ['comment.created', 'comment.*', '*'] }],
  ['an address that the operator allowed', { url: 'http://127.0.0.1:8080/' }],
  ['1,000 characters beyond the basic plane', { description: '🦉'.repeat(1_000) }],
  ['the highest rate', { maxDeliveriesPerSecond: 10_000 }],
])('%s is taken', async ([, input]) => {
  expect(await checkNewEndpoint(rules, { ...good, ...input })).toMatchObject(input);
});

test('plain http is refused where https is required, but for allowed addresses', async () => {
  const strict = { ...rules, requireHttps: true };
  expect(await issuesOf(checkNewEndpoint(strict, { ...good, url: 'http://example.com/' }))).toEqual([
    ['url', 'HTTPS_REQUIRED'],
  ]);
  expect(await issuesOf(checkNewEndpoint(strict, { ...good, url: 'http://127.0.0.1/' }))).toEqual([]);
});

test('what a new endpoint leaves out takes its default', async () => {
  expect(await checkNewEndpoint(rules, { ...good, isActive: null })).toEqual({
    ...good,
    description: null,
    isActive: true,
    maxDeliveriesPerSecond: null,
    ordering: 'NONE',
  });
});

test('in a change absent stays absent, and null clears what can be empty', async () => {
  const nulls: EndpointChangeInput = { description: null, maxDeliveriesPerSecond: null };
  expect(await checkEndpointChange(rules, {})).toEqual({});
  expect(await checkEndpointChange(rules, nulls)).toEqual(nulls);
  expect(
    await issuesOf(checkEndpointChange(rules, { ...nulls, url: null, events: null, isActive: null })),
  ).toEqual([
    ['url', 'REQUIRED'],
    ['events', 'REQUIRED'],
    ['isActive', 'REQUIRED'],
  ]);
});
