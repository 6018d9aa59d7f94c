import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw } from './raw-request.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** A refusal comes before anything is done or opened, and tells what would be correct. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const rename = 'mutation { renameThing(input: { id: "x", name: "y" }) { __typename } }';
const silence = 'subscription { silence }';
const json = { 'content-type': 'application/json', authorization: 'Bearer full' };
const apollo =
  'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9';

type Asked = { method?: string; headers?: Record<string, string>; body?: unknown; path?: string };

async function ask({ method = 'POST', headers = {}, body, path = '' }: Asked) {
  const response = await fetch(server.graphqlUrl + path, {
    method,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}
const errorOf = (text: string) => JSON.parse(text).errors[0];

/** Checks that nothing was executed or opened. */
async function expectNothingDone(act: () => Promise<void>): Promise<void> {
  const before = { resolved: server.seen.resolved, opened: server.ticks.opened };
  await act();
  expect({ resolved: server.seen.resolved, opened: server.ticks.opened }).toEqual(before);
}

describe('an answer that the client does not accept', () => {
  test.each([
    'text/html',
    'image/png',
    'application/json;q=0',
    'multipart/mixed',
    'application/xml, text/html',
  ])('a mutation with accept: %s is 406 and not executed', async (accept) => {
    await expectNothingDone(async () => {
      const { status, text, headers } = await ask({ headers: { accept }, body: { query: rename } });
      expect(status).toBe(406);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(errorOf(text)).toMatchObject({
        message: expect.stringContaining('application/graphql-response+json'),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    });
  });

  test('a mutation for which only a subscription’s type is accepted is 406 and not executed', async () => {
    await expectNothingDone(async () => {
      const accept = 'multipart/mixed;subscriptionSpec=1.0';
      const { status, text } = await ask({ headers: { accept }, body: { query: rename } });
      expect(status).toBe(406);
      expect(errorOf(text).message).toContain('Nothing was executed.');
    });
  });

  test.each([
    'application/json',
    'application/graphql-response+json, application/json',
    'text/event-stream;q=0, */*',
  ])('a subscription with accept: %s is 406 and not opened', async (accept) => {
    await expectNothingDone(async () => {
      const { status, text } = await ask({ headers: { accept }, body: { query: silence } });
      expect(status).toBe(406);
      expect(errorOf(text).message).toContain('text/event-stream');
    });
  });

  test('two accept headers are one', async () => {
    const body = JSON.stringify({ query: '{ hello }' });
    const socket = openRaw(server.port, {
      headers: { accept: 'image/png\r\naccept: application/json' },
      body,
    });
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('200 OK');
    socket.destroy();
  });
});

describe('methods', () => {
  test.each(['PUT', 'PATCH', 'DELETE', 'HEAD'])('%s is 405 with those that are taken', async (method) => {
    await expectNothingDone(async () => {
      const { status, headers } = await ask({ method });
      expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: 'GET, POST, OPTIONS' });
    });
  });

  test('OPTIONS says which', async () => {
    const { status, headers } = await ask({ method: 'OPTIONS' });
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 204, allow: 'GET, POST, OPTIONS' });
  });

  test('a mutation by GET is 405 and says POST', async () => {
    await expectNothingDone(async () => {
      const path = `?query=${encodeURIComponent(rename)}`;
      const { status, headers, text } = await ask({ method: 'GET', path });
      expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: 'POST' });
      expect(errorOf(text).message).toContain('POST');
    });
  });
});

describe('a body that is not read as what it is not', () => {
  const good = { query: '{ hello }' };
  const types: Record<string, number> = {
    'application/json': 200,
    'application/json; charset=utf-8': 200,
    'application/json;charset=UTF-8': 200,
    'application/json; charset="utf-8"': 200,
    'Application/JSON; charset=utf8': 200,
    'application/graphql+json': 200,
    'application/json; charset=utf-16': 415,
    'application/json; charset=iso-8859-1': 415,
    'text/plain': 415,
    'application/x-www-form-urlencoded': 415,
    'multipart/form-data; boundary=x': 415,
    'application/jsonp': 415,
    '': 415,
  };
  test.each(Object.entries(types))('content-type: %s is %i', async (type, status) => {
    const answer = await ask({ headers: { 'content-type': type }, body: good });
    expect(answer.status).toBe(status);
    if (status === 415) expect(errorOf(answer.text).extensions.code).toBe('BAD_USER_INPUT');
  });

  test.each(['gzip', 'br', 'deflate, gzip'])('content-encoding: %s is 415', async (encoding) => {
    const { status, text } = await ask({ headers: { 'content-encoding': encoding }, body: good });
    expect(status).toBe(415);
    expect(errorOf(text).message).toContain('content-encoding');
  });

  test('a byte order mark before the JSON is no part of it', async () => {
    const { status, text } = await ask({ body: `\ufeff${JSON.stringify(good)}` });
    expect([status, text]).toEqual([200, '{"data":{"hello":"hello full"}}']);
  });
});

describe('parameters of the wrong kind are 400 and say which', () => {
  const query = '{ hello }';
  const bodies: [body: unknown, says: string][] = [
    ['', 'empty'],
    ['   ', 'empty'],
    ['{', 'not valid JSON'],
    [[{ query }], 'one operation in each request'],
    ['"text"', 'JSON object'],
    [{}, '`query` is missing'],
    [{ query: '' }, '`query` is missing'],
    [{ query: 7 }, '`query` must be a string'],
    [{ query, operationName: {} }, '`operationName` must be a string'],
    [{ query, variables: 'x' }, '`variables` must be a JSON object'],
    [{ query, variables: [] }, '`variables` must be a JSON object'],
    ['{"query":"{ hello }","variables":12345678901234567890}', '`variables` must be a JSON object'],
    ['12345678901234567890', 'JSON object'],
    [{ query, extensions: 1 }, '`extensions` must be a JSON object'],
    [{ query, documentId: 1 }, '`documentId` must be a string'],
  ];
  test.each(bodies)('POST %j', async (body, says) => {
    const { status, text } = await ask({ body });
    expect(status).toBe(400);
    expect(errorOf(text)).toMatchObject({
      message: expect.stringContaining(says),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  const searches: [search: string, says: string][] = [
    ['', '`query` is missing'],
    ['?query=', '`query` is missing'],
    ['?query={hello}&variables={', '`variables` is not valid JSON'],
    ['?query={hello}&variables=[]', '`variables` must be a JSON object'],
    ['?query={hello}&variables=7', '`variables` must be a JSON object'],
    ['?query={hello}&extensions=nope', '`extensions` is not valid JSON'],
    ['?query={hello}&query={hello}', 'more than once'],
  ];
  test.each(searches)('GET %s', async (path, says) => {
    const { status, text } = await ask({ method: 'GET', path });
    expect(status).toBe(400);
    expect(errorOf(text)).toMatchObject({
      message: expect.stringContaining(says),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('an empty operationName is none, by GET and by POST', async () => {
    for (const empty of ['', null]) {
      expect((await ask({ body: { query, operationName: empty } })).status).toBe(200);
    }
    expect((await ask({ method: 'GET', path: '?query={hello}&operationName=' })).status).toBe(200);
    const several = 'query a { hello } query b { hello }';
    const answers = [
      await ask({ body: { query: several, operationName: '' } }),
      await ask({ method: 'GET', path: `?query=${encodeURIComponent(several)}&operationName=` }),
      await ask({ body: { query: several, operationName: 'c' } }),
    ];
    expect(answers.map(({ text }) => errorOf(text).message)).toEqual([
      'The document has several operations. Name the one to execute in `operationName`.',
      'The document has several operations. Name the one to execute in `operationName`.',
      'The document has no operation with the name in `operationName`.',
    ]);
  });
});

describe('a subscription that cannot be opened', () => {
  const emptied = [
    'subscription { silence @skip(if: true) }',
    'subscription { silence @include(if: false) }',
    'subscription { ... @skip(if: true) { silence } }',
    'subscription { ...f @include(if: false) } fragment f on Subscription { silence }',
  ];
  for (const accept of ['text/event-stream', apollo]) {
    test.each(emptied)(
      `without a field left is the client’s mistake, as ${accept.slice(0, 15)}: %s`,
      async (query) => {
        await expectNothingDone(async () => {
          const { text } = await ask({ headers: { accept }, body: { query } });
          expect(text).toContain('"code":"BAD_USER_INPUT"');
          expect(text).toContain('remove the only field of this subscription');
        });
      },
    );
  }

  test('whose field a variable decides about is refused with a sentence', async () => {
    for (const given of ['= true', '= false', '']) {
      await expectNothingDone(async () => {
        const query = `subscription ($off: Boolean ${given === '' ? '!' : given}) { silence @skip(if: $off) }`;
        const body = { query, variables: given === '' ? { off: true } : {} };
        const { text } = await ask({ headers: { accept: 'text/event-stream' }, body });
        expect(text).toContain('cannot depend on a variable');
      });
    }
  });

  test('two root fields are refused by validation', async () => {
    await expectNothingDone(async () => {
      const body = { query: 'subscription { silence ticks }' };
      const { text } = await ask({ headers: { accept: 'text/event-stream' }, body });
      expect(text).toContain('"code":"GRAPHQL_VALIDATION_FAILED"');
    });
  });

  test('a field that is not left out is streamed', async () => {
    const query = 'subscription { ...f @skip(if: false) } fragment f on Subscription { ticks(to: 1) }';
    const { text } = await ask({ headers: { accept: 'text/event-stream' }, body: { query } });
    expect(text).toContain('{"data":{"ticks":1}}');
  });
});
