import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test('a credential answers', async () => {
  expect((await server.post('{ hello }')).answer).toEqual({ data: { hello: 'hello full' } });
});

test('no credential: 401 by the field that needs one', async () => {
  const { status, codes, headers } = await server.post('{ hello }', { token: '' });
  expect({ status, codes }).toEqual({ status: 401, codes: ['UNAUTHENTICATED'] });
  expect(headers.get('www-authenticate')).toBe('Bearer');
});

test('a bad credential: 401 before anything is read, with the reason', async () => {
  for (const [token, reason] of [
    ['garbage', 'invalid'],
    ['expired', 'expired'],
    ['revoked', 'revoked'],
  ] as const) {
    const { status, answer } = await server.post('{ hello', { token });
    expect(status).toBe(401);
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', reason });
    expect(answer).not.toHaveProperty('data');
  }
});

test('a permission that is lacking: FORBIDDEN with its name', async () => {
  const { status, answer } = await server.post('{ things { nodes { id } } }', { token: 'poor' });
  expect(status).toBe(200);
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', permission: 'MANAGE_WEBHOOKS' });
});

test('a credential that could not be checked is an internal error without details', async () => {
  const { status, answer } = await server.post('{ hello }', { token: 'database-down' });
  expect(status).toBe(500);
  expect(JSON.stringify(answer)).not.toContain('hunter2');
  expect(answer.errors?.[0]?.extensions.code).toBe('INTERNAL');
});

test('without a credential nothing large is looked at', async () => {
  const { status, codes } = await server.post('{ __typename }', {
    token: '',
    variables: { pad: 'x'.repeat(70_000) },
  });
  expect({ status, codes }).toEqual({ status: 401, codes: ['UNAUTHENTICATED'] });
});

test('in development the schema can be read without a credential', async () => {
  expect((await server.post('{ __schema { queryType { name } } }', { token: '' })).status).toBe(200);
});

test('in production it cannot, and nothing is suggested', async () => {
  const production = await startTestServer({ config: { production: true } });
  const source = '{ __schema { queryType { name } } }';
  const anonymous = await production.post(source, { token: '' });
  expect(anonymous.codes).toEqual(['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED']);
  expect((await production.post(source)).answer.errors).toBeUndefined();
  expect((await production.post(source, { token: '' })).codes).toHaveLength(2);

  const guess = await production.post('{ helo }');
  expect(guess.answer.errors?.[0]?.message).toBe('Cannot query field "helo" on type "Query".');
  expect((await server.post('{ helo }')).answer.errors?.[0]?.message).toContain('Did you mean');
  await production.stop();
});

test('the same document has its own answer for each kind of caller', async () => {
  for (const token of ['full', '', 'full']) {
    expect((await server.post('{ hello }', { token })).status).toBe(token === '' ? 401 : 200);
  }
});
