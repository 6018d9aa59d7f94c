import { forget, keep, recall } from './kept.ts';
import { currentToken, refuseSignIn, renewalName, renewToken, signIn, signOut } from './session.ts';

/** The identity provider, as the server's page names it; undefined where single sign-on is not set up. */
export type Provider = Readonly<{ issuer: string; clientId: string; scope: string }>;

const pendingName = 'heliograph-sign-in';
/** A token is renewed when this part of its lifetime is over. */
const renewAfter = 0.8;
const tryAgainMs = 10_000;
const longestTimerMs = 2 ** 31 - 1;

export const provider: Provider | undefined = readProvider();
let timer: number | undefined;

function readProvider(): Provider | undefined {
  const text = document.querySelector('meta[name="heliograph-sign-in"]')?.getAttribute('content');
  if (text == null) return undefined;
  const { issuer, clientId, scope } = Object(JSON.parse(text));
  return typeof issuer === 'string' && typeof clientId === 'string' && typeof scope === 'string'
    ? { issuer, clientId, scope }
    : undefined;
}

/**
 * Opens the identity provider: the authorization code flow with PKCE (RFC 7636). The code is exchanged by
 * `endSignIn`. Throws if the provider cannot be reached.
 */
export async function beginSignIn(from: Provider): Promise<void> {
  const { authorization_endpoint: endpoint } = await discover(from);
  const [state, verifier] = [randomText(), randomText()];
  const returnTo = location.pathname + location.search;
  keep(pendingName, JSON.stringify({ state, verifier, returnTo }));
  const asked = new URL(String(endpoint));
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: from.clientId,
    redirect_uri: redirectUri(),
    scope: from.scope,
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
  })) {
    asked.searchParams.set(name, value);
  }
  location.assign(asked);
}

/** If the page was opened by the provider's answer, signs in with it or shows the reason why not. */
export async function endSignIn(): Promise<void> {
  if (provider === undefined) return;
  const answer = new URLSearchParams(location.search);
  const pending = recall(pendingName);
  const isAnswer = answer.has('state') && (answer.has('code') || answer.has('error'));
  if (!isAnswer) return resume(provider);
  // This tab did not ask for it, and a code must not stay in the address bar.
  if (pending === undefined) return history.replaceState(null, '', location.pathname);
  forget(pendingName);
  const { state, verifier, returnTo } = Object(JSON.parse(pending));
  history.replaceState(null, '', String(returnTo));
  try {
    const isOurs =
      answer.get('state') === state && (answer.get('iss') ?? provider.issuer) === provider.issuer;
    if (!isOurs) throw new Error('The answer does not belong to this sign-in.');
    const code = answer.get('code');
    if (code === null)
      throw new Error(answer.get('error_description') ?? answer.get('error') ?? 'No reason was given.');
    const asked = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri(),
      code_verifier: String(verifier),
    };
    const { token, planNext } = await fetchTokens(provider, asked);
    signIn(token);
    planNext();
  } catch (error) {
    refuseSignIn(`Single sign-on did not succeed. ${error instanceof Error ? error.message : ''}`);
  }
}

/** Continues the renewals after the page was loaded again. */
function resume(from: Provider): void {
  const kept = recall(renewalName);
  if (kept === undefined || currentToken() === undefined) return;
  const { refreshToken, renewAt } = Object(JSON.parse(kept));
  if (typeof refreshToken === 'string') planRenewal(from, refreshToken, Number(renewAt));
}

async function fetchTokens(
  from: Provider,
  asked: Readonly<Record<string, string>>,
): Promise<{ token: string; planNext: () => void }> {
  const { token_endpoint: endpoint } = await discover(from);
  const response = await fetch(String(endpoint), {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({ ...asked, client_id: from.clientId }),
  });
  const {
    access_token: token,
    refresh_token: refreshToken,
    expires_in: seconds,
    ...rest
  } = Object(await response.json());
  if (!response.ok || typeof token !== 'string') {
    throw new Refused(String(rest.error_description ?? rest.error ?? `It answered with ${response.status}.`));
  }
  const next = typeof refreshToken === 'string' ? refreshToken : asked.refresh_token;
  const renewAt = typeof seconds === 'number' ? Date.now() + seconds * 1_000 * renewAfter : undefined;
  return {
    token,
    planNext() {
      if (next !== undefined && renewAt !== undefined) planRenewal(from, next, renewAt);
    },
  };
}

/** The provider has answered and refused. */
class Refused extends Error {}

function planRenewal(from: Provider, refreshToken: string, renewAt: number): void {
  keep(renewalName, JSON.stringify({ refreshToken, renewAt }));
  clearTimeout(timer);
  const wait = Math.max(0, Math.min(renewAt - Date.now(), longestTimerMs));
  timer = window.setTimeout(() => void renew(from, refreshToken), wait);
}

async function renew(from: Provider, refreshToken: string): Promise<void> {
  // The person may have signed out meanwhile, or signed in with another credential.
  const isOurs = () => Object(JSON.parse(recall(renewalName) ?? '{}')).refreshToken === refreshToken;
  if (!isOurs()) return;
  try {
    const { token, planNext } = await fetchTokens(from, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    });
    if (!isOurs()) return;
    renewToken(token);
    planNext();
  } catch (error) {
    if (!isOurs()) return;
    // If the provider cannot be reached, the token is still valid for a while.
    if (!(error instanceof Refused)) return planRenewal(from, refreshToken, Date.now() + tryAgainMs);
    forget(renewalName);
    signOut('Your identity provider did not renew your token. Sign in again to go on where you were.');
  }
}

/** The provider's own description of itself (OpenID Connect Discovery). */
async function discover({ issuer }: Provider): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!response.ok) throw new Error(`The identity provider answered with ${response.status}.`);
  const description = Object(await response.json());
  if (description.issuer !== issuer) throw new Error('The identity provider names another issuer than ours.');
  return description;
}

const redirectUri = () => `${location.origin}/console`;

const randomText = () => textOf(crypto.getRandomValues(new Uint8Array(32)));

async function challengeOf(verifier: string): Promise<string> {
  return textOf(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

const textOf = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
