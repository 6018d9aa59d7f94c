import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Caller, publish, registerEventType } from '../support/client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer();
  caller = await stage.callerOf(server);
  await registerEventType(caller, { name: 'note', example: {} });
});
afterAll(() => stage.close());

type Result = Readonly<{
  __typename: string;
  issues?: readonly { path: readonly string[]; code: string }[];
}>;

/** Posts the event as given text, because no code on our side can serialize a value that is nested so deeply. */
async function publishText(event: string): Promise<Answer<{ publishEvents: Result }>> {
  const query = `mutation ($input: PublishEventsInput!) {
    publishEvents(input: $input) { __typename ... on ValidationError { issues { path code } } }
  }`;
  const response = await fetch(`${caller.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${caller.token}` },
    body: `{"query":${JSON.stringify(query)},"variables":{"input":{"events":[${event}]}}}`,
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const asText = (payloadText: string) => publishText(JSON.stringify({ type: 'note', payloadText }));
const asValue = (payload: string) => publishText(`{"type":"note","payload":${payload}}`);
const nested = (levels: number, [open, close]: readonly [string, string] = ['[', ']']) =>
  `${open.repeat(levels)}${open.includes(':') ? '1' : ''}${close.repeat(levels)}`;
const objects = ['{"a":', '}'] as const;

const refusedAs = (field: string, code: string) => ({
  data: {
    publishEvents: { __typename: 'ValidationError', issues: [{ path: ['events', '0', field], code }] },
  },
});
const accepted = { data: { publishEvents: { __typename: 'PublishEventsPayload' } } };

test.each([
  ['a quarter of a million brackets that are never closed', '['.repeat(262_144), 'INVALID_JSON'],
  ['a hundred thousand levels of arrays', nested(131_072), 'TOO_DEEP'],
  ['forty thousand levels of objects', nested(40_000, objects), 'TOO_DEEP'],
  ['one level too many', nested(201), 'TOO_DEEP'],
  ['half a million brackets', '['.repeat(500_000), 'TOO_LARGE'],
])('payloadText: %s is a ValidationError', async (_name, text, code) => {
  expect((await asText(text)).body).toEqual(refusedAs('payloadText', code));
});

test('payload: one level too many is a ValidationError', async () => {
  expect((await asValue(nested(201))).body).toEqual(refusedAs('payload', 'TOO_DEEP'));
  expect((await asValue(nested(201, objects))).body).toEqual(refusedAs('payload', 'TOO_DEEP'));
});

test.each([
  ['a hundred thousand levels of arrays', nested(100_000)],
  ['forty thousand levels of objects', nested(40_000, objects)],
])('payload: %s are refused with the whole request', async (_name, value) => {
  const { body } = await asValue(value);
  expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
});

test('what is just within the limit is published, either way', async () => {
  expect((await asText(nested(200))).body).toEqual(accepted);
  expect((await asValue(nested(200))).body).toEqual(accepted);
  expect((await asValue(nested(200, objects))).body).toEqual(accepted);
});

test('after all that the same process publishes as before', async () => {
  const [published] = await publish(caller, [{ type: 'note', payload: {} }]);
  expect(published).toMatchObject({ isDuplicate: false });
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
});
