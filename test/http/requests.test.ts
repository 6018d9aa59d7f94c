import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ environment: { ALLOWED_ORIGINS: 'https://dashboard.example' } });
});
afterAll(() => server.stop());

const mutation = 'mutation { renameThing(input: { id: "x", name: "y" }) { __typename } }';

describe('forged requests', () => {
  test('a mutation comes as a POST of JSON alone', async () => {
    const before = server.seen.resolved;
    const form = new FormData();
    form.set('operations', JSON.stringify({ query: mutation }));
    form.set('map', '{}');
    const bodies: [Record<string, string>, string | FormData][] = [
      [{ 'content-type': 'application/x-www-form-urlencoded' }, `query=${encodeURIComponent(mutation)}`],
      [{}, form],
      [{ 'content-type': 'text/plain' }, JSON.stringify({ query: mutation })],
      [{ 'content-type': 'application/graphql' }, mutation],
    ];
    for (const [headers, body] of bodies) {
      const response = await fetch(server.graphqlUrl, {
        method: 'POST',
        headers: { ...headers, authorization: 'Bearer full', origin: 'https://evil.example' },
        body,
      });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    const get = await fetch(`${server.graphqlUrl}?query=${encodeURIComponent(mutation)}`, {
      headers: { authorization: 'Bearer full' },
    });
    expect(get.status).toBe(405);
    expect(server.seen.resolved).toBe(before);
  });

  test('only listed origins may read answers', async () => {
    const preflight = (origin: string) => fetch(server.graphqlUrl, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type' } }); // biome-ignore format: one request
    const listed = await preflight('https://dashboard.example');
    expect(listed.status).toBe(204);
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
    expect(listed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(listed.headers.get('access-control-allow-credentials')).toBeNull();
    for (const origin of ['https://evil.example', 'https://dashboard.example.evil.example', 'null']) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      const answer = await server.post('{ hello }', { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
    const answer = await server.post('{ hello }', { headers: { origin: 'https://dashboard.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
    expect(answer.headers.get('vary')).toContain('origin');
  });
});

describe('large bodies', () => {
  const fourMiB = 4 * 1024 * 1024;
  const padded = (bytes: number) => {
    const body = JSON.stringify({ query: '{ hello }', variables: { pad: '' } });
    return body.replace('""', `"${'x'.repeat(bytes - body.length)}"`);
  };
  const send = (body: string, chunked: boolean) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: 'Bearer full' };
      const length = chunked ? {} : { 'content-length': Buffer.byteLength(body) };
      const request = httpRequest(
        server.graphqlUrl,
        { method: 'POST', headers: { ...headers, ...length } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            text += piece;
          });
          response.on('end', () => resolve({ status: response.statusCode, text }));
        },
      );
      request.on('error', reject);
      for (let start = 0; start < body.length; start += 65_536)
        request.write(body.slice(start, start + 65_536));
      request.end();
    });

  for (const chunked of [false, true]) {
    test(`4 MiB are taken, ${chunked ? 'in chunks' : 'with a content-length'}; one byte more is 413`, async () => {
      expect(await send(padded(fourMiB), chunked)).toEqual({
        status: 200,
        text: '{"data":{"hello":"hello full"}}',
      });
      for (const bytes of [fourMiB + 1, 5_000_000, 20_000_000]) {
        const { status, text } = await send(padded(bytes), chunked);
        expect(status).toBe(413);
        expect(JSON.parse(text).errors[0].extensions).toEqual({ code: 'PAYLOAD_TOO_LARGE', limit: fourMiB });
      }
    });
  }

  test('a content-length that is never sent is refused at once', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer full\r\ncontent-length: 999999999999\r\n\r\n{'); // biome-ignore format: one request
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    expect(answer).toContain('413 Payload Too Large');
    socket.destroy();
  });
});

describe('request ids', () => {
  test('each answer has one; a caller’s own is kept where it is harmless', async () => {
    expect((await server.post('{ hello }')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const own = await server.post('{ hello }', { headers: { 'x-request-id': 'job-17:3' } });
    expect(own.headers.get('x-request-id')).toBe('job-17:3');
    const harmful = await server.post('{ hello }', { headers: { 'x-request-id': '{"a": 1} x' } });
    expect(harmful.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a fault of ours names the request', async () => {
    const { answer } = await server.post('{ fails(how: "error") }', {
      headers: { 'x-request-id': 'job-18' },
    });
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL', requestId: 'job-18' });
  });
});

describe('malformed requests', () => {
  test('are the caller’s fault, each with a code', async () => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer full' };
    for (const body of [
      '',
      '{',
      'null',
      '7',
      '[]',
      '[{"query":"{ hello }"}]',
      '{"query":7}',
      '{"query":"{ hello }","variables":[]}',
      '{"query":"{ hello }","more":1}',
    ]) {
      // biome-ignore format: a list
      const response = await fetch(server.graphqlUrl, { method: 'POST', headers, body });
      expect([body, response.status]).toEqual([body, 400]);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
  });

  test('an object that has a name twice is refused wherever it stands, and nothing is done', async () => {
    const before = server.seen.resolved;
    const bodies = [
      '{"query":"{ hello }","query":"{ hello }"}',
      '{"query":"query ($a: JSON) { hello }","variables":{"a":{"b":[{"c":1,"c":2}]}}}',
      '{"query":"{ hello }","variables":{},"variables":{"x":1}}',
    ];
    const headers = { authorization: 'Bearer full', 'content-type': 'application/json' };
    const answers = [
      ...(await Promise.all(
        bodies.map((body) => fetch(server.graphqlUrl, { method: 'POST', headers, body })),
      )),
      await fetch(`${server.graphqlUrl}?query=%7Bhello%7D&variables=%7B%22a%22:1,%22a%22:2%7D`, { headers }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        errors: [{ message: expect.stringContaining('twice'), extensions: { code: 'BAD_USER_INPUT' } }],
      });
    }
    expect(server.seen.resolved).toBe(before);
  });

  test('a URL that is not UTF-8 is refused instead of altered', async () => {
    const headers = { authorization: 'Bearer full' };
    const ask = (query: string) => fetch(`${server.graphqlUrl}?query=${query}`, { headers });
    for (const [query, status] of [
      ['{hello}%23%C3%A9', 200],
      ['{hello}%23%F0%9F%98%80+100%25', 200],
      ['{hello}%23%E9', 400],
      ['{hello}%23%C3', 400],
      ['{hello}&variables=%7B%22a%22%3A%22%ED%A0%80%22%7D', 400],
    ] as const) {
      const response = await ask(query);
      expect([query, response.status, await response.text()]).toEqual([
        query,
        status,
        expect.stringContaining(status === 200 ? 'hello full' : 'UTF-8'),
      ]);
    }
  });

  test('each stage of a request has its code', async () => {
    expect((await server.post('{ hello')).codes).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect((await server.post('{ nothing }')).codes).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect((await server.post('{ things(first: "x") { nodes { id } } }')).codes).toEqual(['BAD_USER_INPUT']);
    expect((await server.post('{ echo(at: "tomorrow") }')).codes).toEqual(['BAD_USER_INPUT']);
    expect((await server.post('{ echo(count: 1.0) }')).codes).toEqual(['BAD_USER_INPUT']);
    const variables = { at: 'tomorrow' };
    expect((await server.post('query ($at: DateTime) { echo(at: $at) }', { variables })).codes).toEqual([
      'BAD_USER_INPUT',
    ]);
    expect((await server.post('query a { hello } query b { hello }')).codes).toEqual(['BAD_USER_INPUT']);
    expect((await server.post('{ fails(how: "domain") }')).codes).toEqual(['CONFLICT']);
  });

  test('nothing of an error of ours is shown', async () => {
    for (const how of ['error', 'graphql', 'pothos', 'wrapped']) {
      const { answer, status } = await server.post(`{ fails(how: "${how}") }`);
      expect(status).toBe(200);
      expect(answer.data).toEqual({ fails: null });
      expect(JSON.stringify(answer)).not.toContain('hunter2');
      expect(answer.errors?.[0]?.message).toBe('An internal error happened.');
    }
  });
});

test('an actor that asks too often learns when to try again, and others are not delayed', async () => {
  const limited = await startTestServer({ environment: { RATE_LIMIT_PER_MINUTE: '3' } });
  for (let call = 0; call < 3; call += 1) expect((await limited.post('{ hello }')).status).toBe(200);
  const refused = await limited.post('{ hello }');
  expect(refused.status).toBe(429);
  expect(refused.answer.errors?.[0]?.extensions).toEqual({
    code: 'RATE_LIMITED',
    limit: 3,
    retryAfterSeconds: 20,
  });
  expect(refused.headers.get('retry-after')).toBe('20');
  expect((await limited.post('{ hello }', { token: 'poor' })).status).toBe(200);
  await limited.stop();
});
