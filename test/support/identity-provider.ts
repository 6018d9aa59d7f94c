import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { createIssuer, goodClaims } from '../access/issuer.ts';

/**
 * An identity provider over real HTTP, as small as OpenID Connect allows: discovery, keys, the authorization code flow
 * with PKCE for one public client, and refresh tokens that are good once.
 */
export type IdentityProvider = Readonly<{
  issuer: string;
  jwksUrl: string;
  /** For how long its access tokens are good from now on. */
  setLifetime(seconds: number): void;
  /** What it was asked for at its token endpoint. */
  grants: readonly Readonly<Record<string, string>>[];
  close(): Promise<void>;
}>;

export async function startIdentityProvider(options: {
  clientId: string;
  claims: Readonly<Record<string, unknown>>;
}): Promise<IdentityProvider> {
  const { clientId, claims } = options;
  const keys = await createIssuer();
  const codes = new Map<string, { challenge: string; redirectUri: string }>();
  const refreshTokens = new Set<string>();
  const grants: Record<string, string>[] = [];
  let lifetimeSeconds = 600;
  let issuer = '';

  /** The page on which somebody signs in: one button. */
  function authorize(query: URLSearchParams): string {
    const isGood =
      query.get('client_id') === clientId &&
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256';
    if (!isGood) throw new Error(`Not an authorization request: ${query}`);
    const code = randomBytes(16).toString('hex');
    const redirectUri = query.get('redirect_uri') ?? '';
    codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    back.searchParams.set('iss', issuer);
    return `<!doctype html><title>Provider</title><h1>Provider</h1><a href="${back.href.replaceAll('&', '&amp;')}">Yes, it is me</a>`;
  }

  async function grant(asked: Readonly<Record<string, string>>): Promise<object> {
    grants.push(asked);
    if (asked.client_id !== clientId) return { error: 'invalid_client' };
    if (asked.grant_type === 'authorization_code') {
      const given = codes.get(asked.code ?? '');
      codes.delete(asked.code ?? '');
      const challenge = createHash('sha256')
        .update(asked.code_verifier ?? '')
        .digest('base64url');
      if (given?.challenge !== challenge || given.redirectUri !== asked.redirect_uri) {
        return { error: 'invalid_grant', error_description: 'The code is not good.' };
      }
    } else if (!refreshTokens.delete(asked.refresh_token ?? '')) {
      return { error: 'invalid_grant', error_description: 'The refresh token is not good.' };
    }
    const refreshToken = randomBytes(16).toString('hex');
    refreshTokens.add(refreshToken);
    const now = Math.floor(Date.now() / 1_000);
    const token = await keys.sign(
      goodClaims({ ...claims, iss: issuer, iat: now, exp: now + lifetimeSeconds }),
    );
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      refresh_token: refreshToken,
    };
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    const origin = { 'access-control-allow-origin': '*' };
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json', ...origin }).end(JSON.stringify(body));
    if (url.pathname === '/.well-known/openid-configuration') {
      json(200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      });
    } else if (url.pathname === '/keys') json(200, JSON.parse(keys.jwks));
    else if (url.pathname === '/authorize') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(authorize(url.searchParams));
    } else if (url.pathname === '/token' && request.method === 'POST') {
      const answer = await grant(Object.fromEntries(new URLSearchParams(await textOf(request))));
      json('error' in answer ? 400 : 200, answer);
    } else json(404, {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    issuer,
    jwksUrl: `${issuer}/keys`,
    setLifetime(seconds) {
      lifetimeSeconds = seconds;
    },
    grants,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
