import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const inTurn = (count: number, piece: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => piece(index)).join(' ');

/** Variables are JSON text: some are too large to be written by a program with care. */
const hostile: Record<string, { source: string; variables?: Record<string, string>; codes: string[] }> = {
  'fragments that double themselves': {
    source: `{ things { nodes { ...f0 } } } ${inTurn(60, (n) => `fragment f${n} on Endpoint { things { nodes { ...f${n + 1} ...f${n + 1} } } }`)} fragment f60 on Endpoint { id }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  'flat fragments that double themselves': {
    source: `{ things { nodes { ...f0 } } } ${inTurn(150, (n) => `fragment f${n} on Endpoint { ...f${n + 1} ...f${n + 1} }`)} fragment f150 on Endpoint { id }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  'fragments in a circle': {
    source:
      '{ things { nodes { ...a } } } fragment a on Endpoint { id ...b } fragment b on Endpoint { ...a }',
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  '1,000 aliases': { source: `{ ${inTurn(1_000, (n) => `a${n}: hello`)} }`, codes: ['GRAPHQL_PARSE_FAILED'] },
  '300 aliases': {
    source: `{ ${inTurn(300, (n) => `a${n}: hello`)} }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  '100,000 tokens': { source: `{ ${'hello '.repeat(100_000)} }`, codes: ['GRAPHQL_PARSE_FAILED'] },
  'a text of spaces': { source: `{ hello ${' '.repeat(3_000_000)} }`, codes: ['GRAPHQL_PARSE_FAILED'] },
  'deep selections': {
    source: `${'{ things { nodes '.repeat(200)}{ id }${' } }'.repeat(200)}`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  'deep lists': {
    source: `{ echo(json: ${'['.repeat(50_000)}${']'.repeat(50_000)}) }`,
    codes: ['GRAPHQL_PARSE_FAILED'],
  },
  'deep lists within the limit': {
    source: `{ echo(list: ${'['.repeat(900)}${']'.repeat(900)}) }`,
    codes: ['BAD_USER_INPUT'],
  },
  '900 directives': { source: `{ hello ${'@x '.repeat(900)} }`, codes: ['GRAPHQL_VALIDATION_FAILED'] },
  'the same field 1,900 times': {
    source: `{ things { nodes { ${'id '.repeat(1_900)} } } }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  '2,100 fields by fragments': {
    source: `{ things { nodes { ${'...f '.repeat(30)} } } } fragment f on Endpoint { ${'id '.repeat(70)} }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  '21 root fields': {
    source: `{ ${inTurn(21, (n) => `a${n}: hello`)} }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  'pages within pages within pages': {
    source:
      'query ($n: Int) { things(first: $n) { nodes { things(first: $n) { nodes { things(first: $n) { nodes { id } } } } } } }',
    variables: { n: '50' },
    codes: ['COST_EXCEEDED'],
  },
  'lists within lists without end': {
    source: 'query ($v: [String!]) { echo(list: $v) }',
    variables: { v: `${'['.repeat(1_500_000)}${']'.repeat(1_500_000)}` },
    codes: ['BAD_USER_INPUT'],
  },
  'two million wrong values in a list': {
    source: 'query ($v: [String!]) { echo(list: $v) }',
    variables: { v: `[${'0,'.repeat(2_000_000)}0]` },
    codes: ['BAD_USER_INPUT'],
  },
  'a million right values in a list': {
    source: 'query ($v: [String!]) { echo(list: $v) }',
    variables: { v: `[${'"",'.repeat(1_300_000)}""]` },
    codes: ['BAD_USER_INPUT'],
  },
};

for (const [name, { source, variables = {}, codes }] of Object.entries(hostile)) {
  test(`${name}: refused at once, before a resolver runs`, async () => {
    const before = server.seen.resolved;
    const startedAt = performance.now();
    const texts = Object.entries(variables).map(([variable, json]) => `"${variable}":${json}`);
    const response = await fetch(server.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer full' },
      body: `{"query":${JSON.stringify(source)},"variables":{${texts}}}`,
    });
    const answer = await response.json();
    const found = new Set(
      answer.errors?.map((error: { extensions: { code: string } }) => error.extensions.code),
    );
    expect([...found]).toEqual(codes);
    expect(server.seen.resolved).toBe(before);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
}

test('afterwards everything goes on as before', async () => {
  expect((await server.post('{ hello }')).status).toBe(200);
});
