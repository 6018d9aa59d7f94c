import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAs, type RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
/** Another client with a subscription, which must continue whatever the others do. */
let bystander: RawSocket;
beforeAll(async () => {
  server = await startTestServer();
  bystander = await connectAs('full', server.wsUrl);
  bystander.say(subscribeTo('going', 'subscription { silence }'));
});
afterAll(() => server.stop());

const inTurn = (count: number, piece: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => piece(index)).join(' ');

type Hostile = {
  source: string;
  /** JSON text, because some values are too large to be written by a careful program. */
  variables?: Record<string, string>;
  codes: string[];
  /** How the socket ends, if a whole message over WebSocket is not acceptable. */
  closesWith?: string;
};

const hostile: Record<string, Hostile> = {
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
    closesWith: '4400',
  },
  '10 MB of lists within lists': {
    source: 'query ($v: [String!]) { echo(list: $v) }',
    variables: { v: `${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}` },
    codes: ['PAYLOAD_TOO_LARGE'],
    closesWith: '1009',
  },
  'a body of 5 MB': {
    source: '{ hello }',
    variables: { pad: `"${'x'.repeat(5_000_000)}"` },
    codes: ['PAYLOAD_TOO_LARGE'],
    closesWith: '1009',
  },
  'a syntax error': { source: '{ hello', codes: ['GRAPHQL_PARSE_FAILED'] },
  'a thousand names that are not there': {
    source: `{ things { nodes { ${inTurn(1_000, (n) => `nothing${n}`)} } } }`,
    codes: ['GRAPHQL_VALIDATION_FAILED'],
  },
  'two million wrong values in a list': {
    source: 'query ($v: [String!]) { echo(list: $v) }',
    variables: { v: `[${'0,'.repeat(2_000_000)}0]` },
    codes: ['BAD_USER_INPUT'],
    closesWith: '4400',
  },
  'a million right values in a list': {
    source: 'query ($v: [String!]) { echo(list: $v) }',
    variables: { v: `[${'"",'.repeat(1_300_000)}""]` },
    codes: ['BAD_USER_INPUT'],
    closesWith: '4400',
  },
};

const overHttp = (accept: string) => async (body: string) => {
  const response = await fetch(server.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: 'Bearer full' },
    body,
  });
  return await response.text();
};

/**
 * Sends the body of one request over each transport. Returns the text with the refusal, or why the socket was closed.
 */
const transports: Record<string, (body: string) => Promise<string>> = {
  HTTP: overHttp('application/json'),
  'server-sent events': overHttp('text/event-stream'),
  async WebSocket(body) {
    const socket = await connectAs('full', server.wsUrl);
    socket.say(`{"id":"1","type":"subscribe","payload":${body}}`);
    const answered = socket.hear(({ id }) => id === '1').then((message) => JSON.stringify(message));
    const closed = socket.closed().then(({ code, reason }) => `"code":"${code}" ${reason}`);
    const text = await Promise.race([answered, closed]);
    socket.socket.close();
    return text;
  },
};

for (const [transport, send] of Object.entries(transports)) {
  describe(`over ${transport}`, () => {
    for (const [name, { source, variables = {}, codes, closesWith }] of Object.entries(hostile)) {
      test(`${name}: refused before a resolver runs`, async () => {
        const before = server.seen.resolved;
        const texts = Object.entries(variables).map(([variable, json]) => `"${variable}":${json}`);
        const text = await send(`{"query":${JSON.stringify(source)},"variables":{${texts}}}`);
        const expected = transport === 'WebSocket' && closesWith !== undefined ? [closesWith] : codes;
        const found = new Set(Array.from(text.matchAll(/"code":"(\w+)"/g), ([, code]) => code));
        expect([...found]).toEqual(expected);
        expect(server.seen.resolved).toBe(before);
      });
    }
  });
}

test('another client’s subscription has gone on, and everything else does', async () => {
  expect(server.ticks.opened - server.ticks.returned).toBe(1);
  bystander.say(subscribeTo('asked', '{ hello }'));
  expect((await bystander.hear(({ id }) => id === 'asked')).payload).toEqual({
    data: { hello: 'hello full' },
  });
  expect((await server.post('{ hello }')).status).toBe(200);
});
