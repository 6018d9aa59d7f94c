import type { IncomingHttpHeaders } from 'node:http';
import type { AppTokens, ClientSecret } from '../access/app-tokens.ts';
import { appOfClientId } from '../access/client-id.ts';
import { type AppPermission, appTokenPermissions } from '../access/permissions.ts';
import type { Database } from '../db/pool.ts';
import { declareRoute, type Route, type RouteResponse } from '../route.ts';
import { findClientSecret } from './client-secrets.ts';

/** The scopes of a token: the app's permissions in lower case. */
const scopes = appTokenPermissions.map((permission) => permission.toLowerCase());
const maxBodyBytes = 16 * 1024;

/** The errors of https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
type OAuthError = 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type';

class Refusal extends Error {
  readonly code: OAuthError;

  constructor(code: OAuthError, description: string) {
    super(description);
    this.name = 'Refusal';
    this.code = code;
  }
}

const grantToken = declareRoute({
  method: 'POST',
  path: '/oauth/token',
  description:
    'A partner app’s own access token, valid for 15 minutes: OAuth 2.0 client credentials (RFC 6749, section 4.4), with client_secret_basic or client_secret_post.',
  auth: ['CLIENT_SECRET'],
  request: 'grant_type=client_credentials, and optionally scope, as application/x-www-form-urlencoded',
  response:
    '200 {"access_token","token_type","expires_in","scope"}; 400 or 401 {"error","error_description"}',
  errors: ['invalid_request', 'invalid_client', 'invalid_scope', 'unsupported_grant_type'],
  records: ['App'],
  sideEffects: [],
  idempotency: 'Each call returns a new token. Earlier tokens keep working until they expire.',
});

type Credentials = Readonly<{ clientId: string; clientSecret: string }>;

/**
 * `POST /oauth/token`: issues an app's own access token for its client secret
 * (https://www.rfc-editor.org/rfc/rfc6749, section 4.4, the client credentials grant). The client authenticates
 * either by HTTP Basic or in the body, not both.
 */
export function oauthTokenRoute({
  database,
  appTokens,
}: {
  database: Database;
  appTokens: AppTokens;
}): Route {
  return grantToken(async ({ headers, body }) => {
    try {
      const form = parseForm(headers, body);
      const credentials = credentialsOf(headers, form);
      const secret = await authenticate(database, credentials);
      const granted = grantedScopes(form);
      const { token, expiresInSeconds } = await appTokens.issue(secret, granted);
      return answer(200, {
        access_token: token,
        token_type: 'Bearer',
        expires_in: expiresInSeconds,
        scope: granted.join(' ').toLowerCase(),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refuse(error);
    }
  });
}

function parseForm(headers: IncomingHttpHeaders, body: Buffer): URLSearchParams {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new Refusal('invalid_request', 'The body must be application/x-www-form-urlencoded.');
  }
  if (body.length > maxBodyBytes) throw new Refusal('invalid_request', 'The body is too long.');
  const form = new URLSearchParams(body.toString('utf8'));
  // Asking for all values of each name would take seconds for thousands of names.
  if (new Set(form.keys()).size < form.size)
    throw new Refusal('invalid_request', 'A parameter is given twice.');
  // A parameter without a value counts as left out: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
  return new URLSearchParams([...form].filter(([, value]) => value !== ''));
}

function credentialsOf(headers: IncomingHttpHeaders, form: URLSearchParams): Credentials {
  const posted = form.get('client_secret');
  if (headers.authorization === undefined) {
    const clientId = form.get('client_id');
    if (clientId === null || posted === null)
      throw new Refusal('invalid_client', 'The client sent no credentials.');
    return { clientId, clientSecret: posted };
  }
  if (posted !== null) {
    throw new Refusal(
      'invalid_request',
      'Send the client’s credentials either by HTTP Basic or in the body, not both.',
    );
  }
  const basic = basicCredentials(headers.authorization);
  const named = form.get('client_id');
  if (named !== null && named !== basic.clientId) {
    throw new Refusal('invalid_request', 'The client in the body differs from the client in the header.');
  }
  return basic;
}

/** The id and the secret in the header are form-encoded: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function basicCredentials(authorization: string): Credentials {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization)?.[1];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
  try {
    if (id !== undefined && secret !== undefined)
      return { clientId: formDecoded(id), clientSecret: formDecoded(secret) };
  } catch {
    // The value is not validly encoded.
  }
  throw new Refusal('invalid_client', 'The header is not HTTP Basic authentication.');
}

const formDecoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

async function authenticate(
  database: Database,
  { clientId, clientSecret }: Credentials,
): Promise<ClientSecret> {
  const appId = appOfClientId(clientId);
  const secret =
    appId === undefined ? undefined : await findClientSecret(database.query, appId, clientSecret);
  if (secret === undefined) throw new Refusal('invalid_client', 'The client id or its secret is not valid.');
  return secret;
}

/** The requested scopes (https://www.rfc-editor.org/rfc/rfc6749#section-3.3); by default all. */
function grantedScopes(form: URLSearchParams): readonly AppPermission[] {
  const grant = form.get('grant_type');
  if (grant === null) throw new Refusal('invalid_request', 'The parameter grant_type is missing.');
  if (grant !== 'client_credentials') {
    throw new Refusal('unsupported_grant_type', 'The only supported grant_type is client_credentials.');
  }
  const asked = (form.get('scope') ?? '').split(' ').filter((name) => name !== '');
  if (asked.some((name) => !scopes.includes(name))) {
    throw new Refusal('invalid_scope', `A token can have at most the scopes ${scopes.join(' ')}.`);
  }
  if (asked.length === 0) return appTokenPermissions;
  return appTokenPermissions.filter((permission) => asked.includes(permission.toLowerCase()));
}

function refuse({ code, message }: Refusal): RouteResponse {
  const response = answer(code === 'invalid_client' ? 401 : 400, { error: code, error_description: message });
  if (code !== 'invalid_client') return response;
  return { ...response, headers: { ...response.headers, 'www-authenticate': 'Basic realm="heliograph"' } };
}

/** Answers must not be cached: https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
const answer = (status: number, body: object): RouteResponse => ({
  status,
  headers: {
    'content-type': 'application/json;charset=UTF-8',
    'cache-control': 'no-store',
    pragma: 'no-cache',
  },
  body,
});
