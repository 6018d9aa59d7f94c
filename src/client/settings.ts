import { UsageError } from './errors.ts';
import { Interruption } from './interruption.ts';

/** A token, or a function that returns one and is called for each connection and request. */
export type Token = string | (() => string | undefined | Promise<string | undefined>);

export type ConnectOptions = Readonly<{
  /** The server: `https://heliograph.example`, or the address of its GraphQL API. */
  url: string;
  token?: Token | undefined;
  /** The tenant's externalId. Only a platform service gives one. */
  tenant?: string | undefined;
  /** How the log is read: over a WebSocket (the default) or as server-sent events. */
  transport?: 'ws' | 'sse' | undefined;
  /**
   * A connection counts as dead after this many milliseconds without any data: 20,000 by default. It must be at least
   * 100 for a WebSocket, which is pinged in half that time, and 6,000 for an event stream, which gets a heartbeat
   * every 5 s. It must be longer than two round trips.
   */
  silenceMs?: number | undefined;
}>;

export type Settings = Readonly<{
  httpUrl: string;
  webSocketUrl: string;
  transport: 'ws' | 'sse';
  tenant: string | undefined;
  silenceMs: number;
  /** Whether the token can change. */
  hasTokenSource: boolean;
  /** The credential in the form of a header; undefined if there is none. */
  authorization(): Promise<string | undefined>;
  /** How to open WebSockets; undefined for the platform's own. */
  webSocket: unknown;
}>;

const defaultSilenceMs = 20_000;

/** Checks the options of `connect`. Throws UsageError. */
export function readSettings(options: ConnectOptions, webSocket: unknown): Settings {
  const { token, transport = 'ws', silenceMs = defaultSilenceMs } = options;
  if (transport !== 'ws' && transport !== 'sse') {
    throw new UsageError(`transport is 'ws' or 'sse'; it was ${JSON.stringify(transport)}.`);
  }
  const leastMs = transport === 'ws' ? 100 : 6_000;
  if (!(silenceMs >= leastMs && silenceMs <= 600_000)) {
    throw new UsageError(`silenceMs is from ${leastMs} to 600000 milliseconds for '${transport}'.`);
  }
  const url = readUrl(options.url);
  const { tenant } = options;
  if (tenant !== undefined && !isHeaderValue(tenant)) {
    throw new UsageError('tenant is empty, or has characters that no header can carry.');
  }
  if (typeof token === 'string') readToken(token);
  else if (token !== undefined && typeof token !== 'function') {
    throw new UsageError('token is a string, or a function that answers one.');
  }
  return {
    httpUrl: url.href,
    webSocketUrl: url.href.replace(/^http/, 'ws'),
    transport,
    tenant,
    silenceMs,
    hasTokenSource: typeof token === 'function',
    authorization: async () => {
      const value = typeof token === 'function' ? await askToken(token) : token;
      return value === undefined ? undefined : `Bearer ${readToken(value)}`;
    },
    webSocket,
  };
}

async function askToken(token: () => string | undefined | Promise<string | undefined>) {
  try {
    return await token();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // The source of tokens may be unavailable for a while, like everything else.
    throw new Interruption(`No token: ${error instanceof Error ? error.message : 'the function threw'}.`);
  }
}

/** The error about a token does not contain it. */
function readToken(value: unknown): string {
  if (typeof value !== 'string') throw new UsageError('The token is not a string.');
  const token = value.trim().replace(/^bearer\s+/i, '');
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UsageError('The token is empty, or has characters that no token has.');
  }
  return token;
}

/** What `fetch` sends as it is: no controls, and nothing beyond Latin-1. */
const isHeaderValue = (value: unknown): boolean =>
  typeof value === 'string' &&
  /^[\x21-\x7e\xa0-\xff](?:[\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?$/.test(value);

function readUrl(text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(https?|wss?):$/.test(url.protocol)) {
    throw new UsageError('url is the address of the server, such as https://heliograph.example.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('url holds a user name or password: give the credential as `token`.');
  }
  if (url.search !== '' || url.hash !== '') {
    throw new UsageError(
      'url has a query or a fragment: give the address alone, and the credential as `token`.',
    );
  }
  if (url.pathname === '/') url.pathname = '/graphql';
  return new URL(url.href.replace(/^ws/, 'http'));
}
