import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphiqlPage } from '../../src/http/graphiql.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test('the page comes with a token where there is one, and its text cannot end the script', async () => {
  const page = await graphiqlPage('</script><script>alert(1)</script>');
  expect(page).not.toContain('<script>alert(1)');
  expect(page).toContain('\\u003c/script>');
  expect(page).toContain('query LastDeliveries');
  expect(page).toContain('subscription LiveLog');
});

test('the page is for nobody’s cache, and holds no token where there is none', async () => {
  const response = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.text()).toContain('|| "";');
});
