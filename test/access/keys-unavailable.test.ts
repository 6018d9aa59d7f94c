import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticateJwt } from '../../src/access/authenticate-jwt.ts';
import { IssuerKeys } from '../../src/access/issuer-keys.ts';
import { jwtKeys } from '../../src/access/jwt-keys.ts';
import { isTransient, sqlStateOf } from '../../src/db/retry.ts';
import { fetchKeys } from '../../src/egress/fetch-keys.ts';
import { KeysUnavailableError } from '../../src/errors.ts';
import { configWith, createIssuer, goodClaims, type Issuer } from './issuer.ts';

let issuer: Issuer;
let server: Server;
let url: string;
let answer: RequestListener = (_request, response) => response.end();
beforeAll(async () => {
  issuer = await createIssuer();
  server = createServer((request, response) => answer(request, response));
  url = await listen(server);
});
afterAll(() => close(server));

async function refusalOf(jwksUrl: string): Promise<unknown> {
  const config = configWith({ JWT_JWKS_URL: jwksUrl });
  const { issuer: name, audience } = config.jwt;
  const token = await issuer.sign(goodClaims());
  return await authenticateJwt(token, { keys: jwtKeys(config), issuer: name, audience }).catch(
    (error: unknown) => error,
  );
}

function expectUnavailable(refusal: unknown): void {
  expect(refusal).toBeInstanceOf(KeysUnavailableError);
  expect(sqlStateOf(refusal)).toBeUndefined();
  expect(isTransient(refusal), 'it is not the database').toBe(false);
}

test.each<[string, RequestListener]>([
  ['204', (_request, response) => response.writeHead(204).end()],
  ['304', (_request, response) => response.writeHead(304).end()],
  ['302', (_request, response) => response.writeHead(302, { location: '/' }).end()],
  ['503', (_request, response) => response.writeHead(503).end('later')],
  ['a page', (_request, response) => response.end('<html>')],
  ['JSON that is no key set', (_request, response) => response.end('{"keys":7}')],
  ['more than 1 MiB', (_request, response) => response.end(' '.repeat(1_048_577))],
  ['a connection that breaks', (request) => request.socket.resetAndDestroy()],
  [
    'a body that breaks off',
    (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"keys":', () => request.socket.resetAndDestroy());
    },
  ],
])(
  'an issuer that answers with %s is told apart from the database, and from a bad token',
  async (_what, given) => {
    answer = given;
    expectUnavailable(await refusalOf(url));
  },
);

test('likewise one that does not listen, and one whose name has no address', async () => {
  const closed = createServer();
  const closedUrl = await listen(closed);
  await close(closed);
  expectUnavailable(await refusalOf(closedUrl));
  expectUnavailable(await refusalOf('http://issuer.invalid/keys'));
});

test('likewise one that does not answer in time', async () => {
  answer = () => undefined;
  expectUnavailable(await fetchKeys(url, 50).catch((error: unknown) => error));
});

test('once it answers again, tokens are verified', async () => {
  const { jwt } = configWith({ JWT_JWKS_URL: url });
  let now = 0;
  const keys = new IssuerKeys(
    () => fetchKeys(url),
    () => now,
  );
  const options = { keys: keys.get, issuer: jwt.issuer, audience: jwt.audience };
  const token = await issuer.sign(goodClaims());
  answer = (_request, response) => response.writeHead(503).end();
  await expect(authenticateJwt(token, options)).rejects.toThrow(KeysUnavailableError);
  answer = (_request, response) => response.end(issuer.jwks);
  // The keys are not read again at once; meanwhile callers are told to try again later.
  await expect(authenticateJwt(token, options)).rejects.toThrow(KeysUnavailableError);
  now += 10_000;
  expect((await authenticateJwt(token, options)).subject).toBe('user-1');
});

async function listen(http: Server): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}/keys`;
}

function close(http: Server): Promise<unknown> {
  const closed = new Promise((resolve) => http.close(resolve));
  http.closeAllConnections();
  return closed;
}
