import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

// Automatic persisted queries, with the two clients that support them.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** A fetch that adds the credential and records what was sent. */
function recordingFetch() {
  const sent: { method: string; hasText: boolean }[] = [];
  const record: typeof fetch = (input, init = {}) => {
    const body = typeof init.body === 'string' ? init.body : decodeURIComponent(String(input));
    sent.push({ method: init.method ?? 'GET', hasText: /"query":"|[?&]query=/.test(body) });
    const headers = new Headers(init.headers);
    headers.set('authorization', 'Bearer full');
    return fetch(input, { ...init, headers });
  };
  return { sent, record };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const askUrql = async (text: string, preferGetMethod: boolean) => {
  const { sent, record } = recordingFetch();
  const client = new Client({
    url: server.graphqlUrl,
    fetch: record,
    preferGetMethod,
    exchanges: [
      persistedExchange({
        preferGetForPersistedQueries: preferGetMethod,
        generateHash: async (query) => sha256(query),
      }),
      fetchExchange,
    ],
  });
  const { data, error } = await client.query(text, {});
  expect(error).toBeUndefined();
  return { data, sent };
};

const askApollo = async (text: string, useGETForHashedQueries: boolean) => {
  const { sent, record } = recordingFetch();
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256, useGETForHashedQueries }),
      new HttpLink({ uri: server.graphqlUrl, fetch: record }),
    ]),
  });
  const { data } = await client.query({ query: gql(text) });
  client.stop();
  return { data, sent };
};

for (const [name, ask] of Object.entries({ urql: askUrql, Apollo: askApollo })) {
  for (const byGet of [false, true]) {
    test(`${name} sends a text once and names it from then on, by ${byGet ? 'GET' : 'POST'}`, async () => {
      // A text that nobody has sent before.
      const text = `query Of${name}${byGet ? 'Get' : 'Post'} { hello }`;

      const first = await ask(text, byGet);
      expect(first.data).toMatchObject({ hello: expect.any(String) });
      expect(first.sent.map(({ hasText }) => hasText)).toEqual([false, true]);

      const second = await ask(text, byGet);
      expect(second.data).toEqual(first.data);
      expect(second.sent).toEqual([{ method: byGet ? 'GET' : 'POST', hasText: false }]);
    });
  }
}
