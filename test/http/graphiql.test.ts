import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphiqlPage } from '../../src/transports/graphiql.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    developmentToken: async () => 'development-token',
    environment: { PUBLIC_URL: 'https://tunnel.example' },
  });
});
afterAll(() => server.stop());

test('the page comes with a token where there is one, and its text cannot end the script', async () => {
  const page = await graphiqlPage('</script><script>alert(1)</script>');
  expect(page).not.toContain('<script>alert(1)');
  expect(page).toContain('\\u003c/script>');
  expect(page).toContain('query LastDeliveries');
  expect(page).toContain('subscription LiveLog');
});

function pageFor(headers: Readonly<Record<string, string>>): Promise<{ text: string; cache: string }> {
  return new Promise((resolve, reject) => {
    request(`${server.url}/graphql`, { headers: { accept: 'text/html', ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ text, cache: String(response.headers['cache-control']) }));
    })
      .on('error', reject)
      .end();
  });
}

test.each(['localhost:4000', '127.0.0.1', '[::1]:4000'])(
  'who asks %s on this machine is signed in',
  async (host) => {
    const { text, cache } = await pageFor({ host });
    expect(text.includes('development-token')).toBe(true);
    expect(cache).toBe('no-store');
  },
);

test.each([
  { host: 'tunnel.example' },
  { host: '192.0.2.7' },
  { host: 'localhost', 'x-forwarded-for': '192.0.2.7' },
  { host: 'localhost', forwarded: 'for=192.0.2.7' },
])('who comes from elsewhere gets no token: %j', async (headers) => {
  const { text } = await pageFor(headers);
  expect(text.includes('development-token')).toBe(false);
  expect(text.includes('|| "";')).toBe(true);
});
