import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let caller: Caller;

beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer());
});
afterAll(() => stage?.close());

type Body = {
  data?: { first?: { secret?: string }; second?: { secret?: string } };
  errors?: { message: string; extensions: { code: string } }[];
};

const create = (field: string) =>
  `${field}: createEndpoint(input: $input) { __typename ... on CreateEndpointPayload { secret } }`;
const one = `mutation ($input: CreateEndpointInput!) { ${create('first')} }`;
const two = `mutation ($input: CreateEndpointInput!) { ${create('first')} ...Other }
  fragment Other on Mutation { ${create('second')} }`;

async function send(query: string, key: string, input: Record<string, unknown> = {}): Promise<Body> {
  const response = await fetch(`${caller.origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${caller.token}`,
      'idempotency-key': key,
    },
    body: JSON.stringify({
      query,
      variables: { input: { url: 'http://127.0.0.1:8009/hook', events: ['*'], ...input } },
    }),
  });
  return await response.json();
}

const countOf = async () =>
  (await ask<{ endpoints: { nodes: unknown[] } }>(caller, '{ endpoints { nodes { id } } }')).endpoints.nodes
    .length;

test('a bare UUID, the same in quotes and the input’s key are one key', async () => {
  const key = randomUUID();
  const secret = (await send(one, key)).data?.first?.secret;
  expect(secret).toMatch(/^whsec_/);
  expect((await send(one, `"${key}"`)).data?.first?.secret).toBe(secret);
  expect((await send(one, key, { idempotencyKey: key })).data?.first?.secret).toBe(secret);
});

test.each([
  ['no quotes and no UUID', one, 'order-7', {}],
  ['nothing in the quotes', one, '""', {}],
  ['two keys', one, '"a", "b"', {}],
  ['another key than the input', one, '"a"', { idempotencyKey: 'b' }],
  ['one key for two mutations', two, '"a"', {}],
])('the header is refused with %s, and nothing is created', async (_name, query, key, input) => {
  const before = await countOf();
  const { errors, data } = await send(query, key, input);
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  expect(errors?.[0]?.message).toContain('Idempotency-Key');
  expect(data?.first ?? undefined).toBeUndefined();
  expect(await countOf()).toBe(before);
});
