import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { permissions } from '../../src/access/permissions.ts';
import { schema } from '../../src/schema.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** Texts that something on the way may take for something else, or not at all. */
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
  'x'.repeat(70_000),
];

let stage: Stage;
let origin: string;
let token: string;
let logged: () => string;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer({ ROLE: 'api', LOG_LEVEL: 'info' });
  ({ origin } = server);
  logged = server.output;
  token = await stage.issuer.sign({
    sub: 'admin',
    tenant: 'acme',
    email: 'admin@acme.example',
    email_verified: true,
    permissions: permissions.map((permission) => permission.toLowerCase()),
  });
});
afterAll(() => stage.close());

type Input = GraphQLArgument | GraphQLInputField;
type Build = (text: string) => unknown;

/** One way to fill an input for each of its texts: that one is the bad text, what is required is something usual. */
function ways(inputs: readonly Input[], depth = 0): Build[] {
  return inputs.flatMap((input) =>
    textsIn(input.type, depth).map((build): Build => {
      const others = inputs.filter((other) => other !== input && isRequired(other));
      return (text) => ({
        ...Object.fromEntries(others.map((other) => [other.name, usual(other.type)])),
        [input.name]: build(text),
      });
    }),
  );
}

const isRequired = (input: Input) =>
  'args' in input ? false : isRequiredArgument(input as GraphQLArgument) || isRequiredInputField(input);

function textsIn(type: GraphQLInputType, depth: number): Build[] {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return textsIn(nullable.ofType, depth).map((build) => (text) => [build(text)]);
  if (isInputObjectType(nullable))
    return depth > 3 ? [] : ways(Object.values(nullable.getFields()), depth + 1);
  return ['String', 'ID', 'JSON', 'DateTime'].includes(nullable.name) ? [(text) => text] : [];
}

function usual(type: GraphQLInputType): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [usual(nullable.ofType)];
  if (isInputObjectType(nullable)) {
    const fields = Object.values(nullable.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(fields.map((field) => [field.name, usual(field.type)]));
  }
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  if (nullable.name === 'Int' || nullable.name === 'SafeInt') return 1;
  if (nullable.name === 'Boolean') return true;
  if (nullable.name === 'DateTime') return '2026-01-01T00:00:00Z';
  return 'usual';
}

/** The least that can be asked of a field's answer. */
function selectionOf({ type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type);
  return isObjectType(named) || isUnionType(named) || 'getFields' in named ? '{ __typename }' : '';
}

async function ask(query: string, variables: unknown, accept: string): Promise<string> {
  const left = new AbortController();
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${token}` },
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

const roots: readonly [kind: string, type: GraphQLObjectType | null | undefined][] = [
  ['query', schema.getQueryType()],
  ['mutation', schema.getMutationType()],
  ['subscription', schema.getSubscriptionType()],
];

for (const [kind, root] of roots) {
  test(`no bad text in any place of any ${kind} is our fault`, { timeout: 180_000 }, async () => {
    let asked = 0;
    for (const field of Object.values(root?.getFields() ?? {})) {
      const declared = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
      const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
      const query = `${kind} (${declared}) { ${field.name}(${passed}) ${selectionOf(field)} }`;
      const calls = ways(field.args).flatMap((build) => badTexts.map((text) => build(text)));
      const answers = await Promise.all(
        calls.map(async (variables) => {
          const answer = await ask(
            query,
            variables,
            kind === 'subscription' ? 'text/event-stream' : 'application/json',
          );
          return answer.includes('"INTERNAL"') || answer.startsWith('5')
            ? [query, JSON.stringify(variables).slice(0, 300), answer]
            : [];
        }),
      );
      asked += calls.length;
      expect(answers.flat(), field.name).toEqual([]);
    }
    expect(asked).toBeGreaterThan(20);
    expect(logged()).not.toMatch(/"level":"error"/);
  });
}

test.each(['', '\u0000', '\u202e', 'x'.repeat(9_000), 'naïve', "'; --"])(
  'nor in a header or a claim: %j',
  async (text) => {
    const claims = { sub: text, tenant: text, permissions: [text], email: text, kind: text };
    for (const [name, value] of Object.entries(claims)) {
      const bearer = await stage.issuer.sign({
        sub: 'somebody',
        tenant: 'acme',
        permissions: ['manage_webhooks'],
        [name]: value,
      });
      const response = await fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
        body: '{"query":"{ viewer { kind } endpoints { nodes { id } } }"}',
      });
      expect([response.status < 500, await response.text()], name).toEqual([
        true,
        expect.not.stringContaining('INTERNAL'),
      ]);
    }
  },
);
