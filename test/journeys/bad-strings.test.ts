import type { GraphQLObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { permissions } from '../../src/access/permissions.ts';
import { schema } from '../../src/schema.ts';
import type { Caller } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { callOf, nestedFields, type Place, placesOf, type Usual } from './every-input.ts';
import { type Furnished, furnish, usualIn } from './furnished.ts';

/** Texts that some part of the system might misunderstand or refuse. */
const badTexts = [
  '',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '\u202eevil',
  'line\nbreak\r\n\u2028',
  "'; drop table tenant; --",
  '\uffff\ufeff\u{10ffff}',
  '__proto__',
  'x'.repeat(70_000),
];
const badNumbers = [-1, 0, 0.5, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1e300, '1', [1, 1], [[1]]];
/** The values for a place of a given type: texts for texts, numbers for numbers, and these in any case. */
const wrong = [null, {}, [], [null], true, 'NO_SUCH_VALUE'];
const badValues: Readonly<Record<string, readonly unknown[]>> = {
  String: badTexts,
  ID: badTexts,
  JSON: [...badTexts, ...badNumbers, JSON.parse('{"__proto__":{"a":1},"constructor":null}')],
  DateTime: [...badTexts, '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', '2026-02-30T00:00:00Z'],
  Int: badNumbers,
  SafeInt: badNumbers,
};

let stage: Stage;
let caller: Caller;
let furnished: Furnished;
let usual: Usual;
let logged: () => string;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer({ ROLE: 'api', LOG_LEVEL: 'info' });
  logged = server.output;
  caller = await stage.callerOf(server, {
    sub: 'admin',
    tenant: 'acme',
    email: 'admin@acme.example',
    email_verified: true,
    permissions: permissions.map((permission) => permission.toLowerCase()),
  });
  furnished = await furnish(caller);
  usual = usualIn(furnished);
});
afterAll(() => stage.close());

async function ask(query: string, variables: unknown, accept: string): Promise<string> {
  const left = new AbortController();
  const response = await fetch(`${caller.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${caller.token}` },
    body: JSON.stringify({ query, variables }),
    signal: left.signal,
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    return `${response.status} ${await response.text()}`;
  }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader?.read();
  left.abort();
  return `${response.status} ${first?.value ?? ''}`;
}

/** Many more of one tenant would rightly be told to try again, because they wait for each other's reads. */
const callsAtOnce = 16;

/** Tries every bad value at every place. Returns the number of tries. */
async function tryAll(query: string, places: readonly Place[], accept = 'application/json'): Promise<number> {
  const calls = places.flatMap((place) =>
    [...(badValues[place.type] ?? []), ...wrong].map((value) => ({ place, value })),
  );
  const faults: string[] = [];
  const left = calls.values();
  const askInTurn = async () => {
    for (const { place, value } of left) {
      const variables = place.variables(value);
      const answer = await ask(query, variables, accept);
      if (answer.includes('"INTERNAL"') || answer.startsWith('5'))
        faults.push(place.path, JSON.stringify(variables).slice(0, 300), answer);
    }
  };
  await Promise.all(Array.from({ length: callsAtOnce }, askInTurn));
  expect(faults, query).toEqual([]);
  return calls.length;
}

const roots: readonly [kind: string, type: GraphQLObjectType | null | undefined][] = [
  ['query', schema.getQueryType()],
  ['mutation', schema.getMutationType()],
  ['subscription', schema.getSubscriptionType()],
];

for (const [kind, root] of roots) {
  test(`no bad value in any place of any ${kind} is our fault`, { timeout: 300_000 }, async () => {
    let asked = 0;
    for (const field of Object.values(root?.getFields() ?? {})) {
      const accept = kind === 'subscription' ? 'text/event-stream' : 'application/json';
      asked += await tryAll(callOf(kind, field), placesOf(field, usual), accept);
    }
    expect(asked).toBeGreaterThan(100);
    expect(logged()).not.toMatch(/"level":"error"/);
  });
}

/** The path to a record that is not a node; any other is found by its id. */
const waysTo: Readonly<Record<string, (field: string) => string>> = {
  AppWebhookAnalytics: (field) =>
    `node(id: "${furnished.App}") { ... on App { webhookAnalytics { ${field} } } }`,
  DeliveryStats: (field) => `deliveryStats { ${field} }`,
};

test('nor is one in the arguments of any other field', { timeout: 300_000 }, async () => {
  let asked = 0;
  for (const [type, field] of nestedFields(schema)) {
    const id = Object.entries(furnished).find(([name]) => name === type)?.[1];
    const way = waysTo[type] ?? ((found: string) => `node(id: "${id}") { ... on ${type} { ${found} } }`);
    if (waysTo[type] === undefined) expect(id, `Tell this test how to reach ${type}.`).toBeDefined();
    const called = callOf('query', field);
    const opened = called.indexOf('{');
    const query = `${called.slice(0, opened)} { ${way(called.slice(opened + 1, called.lastIndexOf('}')))} }`;
    asked += await tryAll(query, placesOf(field, usual));
  }
  expect(asked).toBeGreaterThan(100);
  expect(logged()).not.toMatch(/"level":"error"/);
});

test.each(['', '\u0000', '\ud800', '\u202e', 'x'.repeat(9_000), 'naïve', "'; --"])(
  'nor in a header or a claim: %j',
  async (text) => {
    const claims = { sub: text, tenant: text, permissions: [text], email: text, kind: text };
    for (const [name, value] of Object.entries(claims)) {
      const bearer = await stage.issuer.sign({
        sub: 'somebody',
        tenant: 'acme',
        permissions: ['manage_webhooks', 'manage_api_keys', 'manage_apps'],
        email_verified: true,
        [name]: value,
      });
      const mutation = `mutation {
        createApiKey(input: { name: "Key", permissions: [MANAGE_WEBHOOKS] }) { __typename }
        createConsoleLink(input: { permissions: [MANAGE_WEBHOOKS] }) { __typename }
        acceptAppInvitation(input: { token: "token" }) { __typename }
      }`;
      const query = '{ viewer { kind label } endpoints { nodes { id } } apps { nodes { members { id } } } }';
      for (const asked of [query, mutation]) {
        const response = await fetch(`${caller.origin}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
          body: JSON.stringify({ query: asked }),
        });
        expect([response.status < 500, await response.text()], name).toEqual([
          true,
          expect.not.stringContaining('INTERNAL'),
        ]);
      }
    }
  },
);
