import { request } from 'node:http';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docsRoutes } from '../../src/docs/routes.ts';
import { badUserInput } from '../../src/errors.ts';
import { createRouter } from '../../src/http/match-route.ts';
import type { Route } from '../../src/route.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const routes: Route[] = [
  {
    method: 'POST',
    path: '/internal/jobs/:job',
    description: 'For tests.',
    auth: [],
    handle({ parameters, body, query }) {
      if (parameters.job === 'refused') throw badUserInput('No.');
      if (parameters.job === 'broken') throw new Error('password hunter2');
      return {
        status: 201,
        headers: { 'x-job': 'yes' },
        body: { job: parameters.job, body: String(body), q: query.get('q') },
      };
    },
  },
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    routes: [...routes, ...docsRoutes(buildSchema('type Query { greeting: String }'))],
  });
});
afterAll(() => server.stop());

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(server.url + path, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

test('/healthz answers while the process is alive', async () => {
  expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"status":"alive"}' });
});

test('/readyz tells why this process should get no requests', async () => {
  expect(await get('/readyz')).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  const unready = await startTestServer();
  unready.unmigrate();
  const response = await fetch(`${unready.url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    status: 'not ready',
    reasons: ['The database has not been migrated yet.'],
  });
  await unready.stop();
});

test('/readyz notices a database that does not answer', async () => {
  const cut = await startTestServer();
  await cut.dropDatabase();
  const response = await fetch(`${cut.url}/readyz`);
  expect(await response.json()).toEqual({ status: 'not ready', reasons: ['The database does not answer.'] });
  expect((await fetch(`${cut.url}/healthz`)).status).toBe(200);
  await cut.server.drain(100);
});

test('/metrics names operations by their root field, never by what callers make up', async () => {
  await server.post('query invented_by_the_caller { hello }');
  await server.post('{ alias: things(first: 1000) { nodes { id } } }');
  const { text } = await get('/metrics');
  expect(text).toContain(
    'heliograph_graphql_operation_seconds_count{type="query",field="hello",outcome="ok"} 1',
  );
  expect(text).toContain(
    'heliograph_graphql_operation_seconds_count{type="query",field="things",outcome="error"} 1',
  );
  expect(text).toMatch(
    /heliograph_http_request_seconds_count\{method="POST",route="\/graphql",status="200"\} \d/,
  );
  expect(text).toContain('process_cpu_seconds_total');
  expect(text).not.toContain('invented_by_the_caller');
});

test('/ is a page with nothing from elsewhere', async () => {
  const { status, text, headers } = await get('/');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('text/html');
  expect(text).not.toMatch(/(src|href)="?https?:/);
  for (const path of text.match(/href="([^"]+)"/g) ?? []) {
    const found = await get(path.slice(6, -1), { accept: 'text/html' });
    expect([path, found.status]).toEqual([path, 200]);
  }
});

test('GraphiQL comes from this server alone, in development alone', async () => {
  const { text, headers } = await get('/graphql', { accept: 'text/html,*/*' });
  expect(text).toContain('YogaGraphiQL.renderYogaGraphiQL');
  expect(text).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/);
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");

  const production = await startTestServer({ config: { production: true } });
  for (const path of ['/graphql', '/schema.graphql']) {
    const response = await fetch(production.url + path, { headers: { accept: 'text/html' } });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).not.toContain('<script');
  }
  await production.stop();
});

test('/schema.graphql is the schema', async () => {
  const { text } = await get('/schema.graphql');
  expect(buildSchema(text).getQueryType()?.getFields()).toHaveProperty('hello');
});

test('a room’s route gets its parameters, its query and the body’s bytes', async () => {
  const response = await fetch(`${server.url}/internal/jobs/rescue?q=1`, { method: 'POST', body: 'über' });
  expect(response.status).toBe(201);
  expect(response.headers.get('x-job')).toBe('yes');
  expect(await response.json()).toEqual({ job: 'rescue', body: 'über', q: '1' });
});

test('what a route refuses is the caller’s, what it breaks on is ours', async () => {
  const refused = await fetch(`${server.url}/internal/jobs/refused`, { method: 'POST' });
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { error: { code: 'BAD_USER_INPUT', message: 'No.' } },
  ]);
  const broken = await fetch(`${server.url}/internal/jobs/broken`, { method: 'POST' });
  expect(broken.status).toBe(500);
  expect(await broken.text()).not.toContain('hunter2');
  const large = await fetch(`${server.url}/internal/jobs/large`, {
    method: 'POST',
    body: 'x'.repeat(5_000_000),
  });
  expect(large.status).toBe(413);
});

test('what is not there is 404, what takes another method 405', async () => {
  expect((await get('/nothing')).status).toBe(404);
  expect((await get('/internal/jobs/rescue')).status).toBe(405);
  expect((await get('/internal/jobs/..%2f')).status).toBe(404);
  const odd = await new Promise((resolve) =>
    request({ port: server.port, path: '//evil.example/%zz', method: 'GET' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end(),
  );
  expect(odd).toBe(404);
});

test('a worker answers for its health and its metrics alone', async () => {
  const worker = await startTestServer({ routes, environment: { ROLE: 'worker' } });
  const statuses = await Promise.all(
    ['/healthz', '/readyz', '/metrics', '/', '/graphql', '/schema.graphql'].map(
      async (path) => (await fetch(worker.url + path)).status,
    ),
  );
  expect(statuses).toEqual([200, 200, 200, 404, 404, 404]);
  expect((await fetch(`${worker.url}/internal/jobs/rescue`, { method: 'POST' })).status).toBe(404);
  await worker.stop();
});

test('two routes with the same path are a mistake that stops the start', () => {
  expect(() => createRouter([...routes, ...routes])).toThrow(
    'There are two routes for POST /internal/jobs/:job',
  );
});

test('a body that is not UTF-8 is refused, on every route that reads one', async () => {
  const body = Buffer.from('{"query":"{ a(b: \\"Jos\u00e9\\") }"}', 'latin1');
  for (const path of ['/graphql', '/internal/jobs/one']) {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('UTF-8')]);
  }
});
