import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ streamHeartbeatMs: 20 });
});
afterAll(() => server.stop());

const open = (query: string, token = 'full') =>
  fetch(server.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query }),
  });

/** The JSON of each part. */
const partsOf = (body: string): unknown[] =>
  body
    .split('\r\n--graphql')
    .slice(1)
    .filter((part) => part !== '--\r\n')
    .map((part) => JSON.parse(part.replace('\r\ncontent-type: application/json\r\n\r\n', '')));

/** How Apollo's client receives a subscription, up to its end. */
function follow(query: string, token = 'full') {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri: server.graphqlUrl, headers: { authorization: `Bearer ${token}` } }),
  });
  const seen: unknown[] = [];
  const ended = new Promise<unknown[]>((resolve) => {
    client.subscribe({ query: gql(query), fetchPolicy: 'no-cache' }).subscribe({
      next: ({ data, error }) => seen.push(error === undefined ? data : [error.name, error.message]),
      complete: () => resolve(seen),
    });
  });
  return { seen, ended };
}

test('each result is a part under `payload`, and the last boundary ends them', async () => {
  const response = await open('subscription { ticks(to: 2) }');
  expect(response.headers.get('content-type')).toBe(
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  );
  const body = await response.text();
  // A busy machine may put signs of life between them.
  const results = partsOf(body).filter((part) => 'payload' in Object(part));
  expect(results).toEqual([1, 2].map((ticks) => ({ payload: { data: { ticks } } })));
  expect(body.endsWith('\r\n--graphql--\r\n')).toBe(true);
});

test('a quiet one has empty parts as signs of life', async () => {
  const response = await open('subscription { silence }');
  const reader = response.body?.getReader();
  let text = '';
  while (!text.includes('{}')) text += new TextDecoder().decode((await reader?.read())?.value);
  expect(text).toContain('--graphql\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql');
  await reader?.cancel();
  await server.ticks.whenReturned(server.ticks.opened);
});

test('a refused one is one part with the errors, and JSON where the document is at fault', async () => {
  expect(partsOf(await (await open('subscription { ticks }', 'poor')).text())).toMatchObject([
    { payload: { errors: [{ extensions: { code: 'FORBIDDEN' } }] } },
  ]);
  const response = await open('subscription { nothing }');
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
  });
});

test('a credential that ends is an error of the transport', async () => {
  const whole = open('subscription { silence }').then((response) => response.text());
  await expect.poll(() => server.grants.watched.size).toBe(1);
  server.grants.end('revoked');
  const errors = [{ extensions: { code: 'UNAUTHENTICATED', reason: 'revoked' } }];
  expect(partsOf(await whole).at(-1)).toMatchObject({ payload: null, errors });
  expect(server.grants.watched.size).toBe(0);
});

test('Apollo Client follows one to its end, with signs of life between', async () => {
  expect(await follow('subscription { ticks(to: 3) }').ended).toEqual([1, 2, 3].map((ticks) => ({ ticks })));
  const quiet = follow('subscription { silence }');
  const alive = await open('subscription { silence }');
  const reader = alive.body?.getReader();
  let text = '';
  while (text.split('{}').length < 4) text += new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();
  expect(quiet.seen).toEqual([]);
  server.grants.end('expired');
  expect(await quiet.ended).toEqual([['CombinedProtocolErrors', 'The credential is no longer valid.']]);
});

test('Apollo Client gets refusals, and the error of a server that goes away', async () => {
  expect(await follow('subscription { ticks }', 'poor').ended).toEqual([
    ['CombinedGraphQLErrors', 'This needs the permission MANAGE_WEBHOOKS.'],
  ]);
  expect(await follow('subscription { silence @skip(if: true) }').ended).toMatchObject([
    ['CombinedGraphQLErrors', expect.stringContaining('remove the only field')],
  ]);
  const going = await startTestServer();
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri: going.graphqlUrl, headers: { authorization: 'Bearer full' } }),
  });
  const end = new Promise((resolve) => {
    client
      .subscribe({ query: gql('subscription { silence }') })
      .subscribe({ next: ({ error }) => resolve(error?.message) });
  });
  await expect.poll(() => going.ticks.opened).toBe(1);
  await going.stop();
  expect(await end).toBe('premature end of multipart body');
});
