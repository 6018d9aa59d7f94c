import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caller, send } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

const message = 'The keys of the token issuer are not available at the moment. Try again.';

let stage: Stage;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  const jwksUrl = await closedUrl();
  caller = await stage.callerOf(await stage.startServer({ JWT_JWKS: '', JWT_JWKS_URL: jwksUrl }));
});
afterAll(() => stage.close());

test('callers are told to try again while the issuer of their token is away', async () => {
  const answer = await send(caller, '{ deliveries { nodes { id } } }');
  expect({ status: answer.status, wait: answer.headers.get('retry-after'), body: answer.body }).toEqual({
    status: 503,
    wait: '1',
    body: {
      errors: [
        { message, extensions: { code: 'UNAVAILABLE', requestId: expect.any(String), retryAfterSeconds: 1 } },
      ],
    },
  });
});

test('and so they are beside /graphql', async () => {
  const answer = await fetch(`${caller.origin}/install/callback`, {
    method: 'POST',
    headers: { authorization: `Bearer ${caller.token}` },
  });
  expect({ status: answer.status, wait: answer.headers.get('retry-after') }).toEqual({
    status: 503,
    wait: '1',
  });
  expect(await answer.json()).toEqual({ error: { code: 'UNAVAILABLE', message } });
});

async function closedUrl(): Promise<string> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  await new Promise((resolve) => http.close(resolve));
  return `http://127.0.0.1:${address.port}/keys`;
}
