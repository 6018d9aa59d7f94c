import { createClient } from 'graphql-ws';
import { HeliographError } from './errors.ts';
import { closeFailure, failureOf, Interruption } from './interruption.ts';
import type { Result } from './post.ts';
import type { OpenStream } from './stream.ts';

/** The number of messages that may wait for the consumer before the socket is no longer read. */
const fewMessages = 2;
/**
 * The same if the platform's WebSocket cannot stop reading. Beyond it the connection is given up until they are read.
 */
const manyMessages = 32;
/** A fresh credential is sent when this part of the old one's lifetime is over. */
const refreshAfter = 0.7;
const refreshId = 'credential';
const closeGraceMs = 1_000;

/** What the sockets of Node's `ws` can do and those of browsers cannot. */
type Socket = Readonly<{
  send(data: string): void;
  pause?: () => void;
  resume?: () => void;
  terminate?: () => void;
}>;

/**
 * A subscription over a WebSocket of its own, so that a slow consumer holds back nobody else.
 *
 * A connection that brings nothing for `silenceMs` while somebody waits is dead: it was pinged in between, and a pong
 * would have come. Who is not waiting has messages to read, and is not told.
 *
 * Before the credential ends, `token` is asked anew and the new one is sent in a ping, so that the connection goes on.
 */
export const openWebSocketStream: OpenStream = (settings, operation, onOpen) => {
  const queue: Result[] = [];
  let socket: Socket | undefined;
  let isPaused = false;
  let isClosed = false;
  let end: { failure: Error | undefined } | undefined;
  let waiting: { resolve: (result: Result | undefined) => void; reject: (error: Error) => void } | undefined;
  let aliveAt = performance.now();
  let sentCredential: string | undefined;
  let refreshing: ReturnType<typeof setTimeout> | undefined;

  const client = createClient({
    url: settings.webSocketUrl,
    ...(settings.webSocket === undefined ? {} : { webSocketImpl: settings.webSocket }),
    retryAttempts: 0,
    keepAlive: settings.silenceMs / 2,
    connectionParams: async () => {
      sentCredential = await settings.authorization();
      return {
        ...(sentCredential === undefined ? {} : { authorization: sentCredential }),
        ...(settings.tenant === undefined ? {} : { 'heliograph-tenant': settings.tenant }),
      };
    },
    on: {
      opened: (opened) => {
        aliveAt = performance.now();
        if (isSocket(opened)) socket = opened;
      },
      connected: (_socket, payload) => {
        planRefresh(payload);
        onOpen();
      },
      message: () => {
        aliveAt = performance.now();
      },
      pong: (isReceived, payload) => {
        if (isReceived && payload?.id === refreshId) planRefresh(payload);
      },
      // Noted here first, because otherwise the client would connect again by itself after a close with 1000.
      closed: (event) => finish(closedBy(event)),
      error: (error) => finish(failureBehind(error)),
    },
  });
  const unsubscribe = client.subscribe(
    {
      query: operation.query,
      ...(operation.variables === undefined ? {} : { variables: operation.variables }),
    },
    {
      next: (result) => receive(Object(result)),
      error: (error) => finish(failureBehind(error)),
      complete: () => finish(undefined),
    },
  );
  const looking = setInterval(look, Math.min(settings.silenceMs / 4, 1_000));

  function receive(result: Result): void {
    if (end !== undefined) return;
    if (waiting !== undefined) {
      const { resolve } = waiting;
      waiting = undefined;
      resolve(result);
      return;
    }
    queue.push(result);
    if (queue.length >= fewMessages && !isPaused && socket?.pause !== undefined) {
      isPaused = true;
      socket.pause();
    }
    if (queue.length >= manyMessages) finish(new Interruption('The consumer is slower than the log.'));
  }

  function finish(failure: Error | undefined): void {
    if (end !== undefined) return;
    end = { failure };
    shut();
    if (waiting === undefined) return;
    const { resolve, reject } = waiting;
    waiting = undefined;
    if (failure === undefined || isClosed) resolve(undefined);
    else reject(failure);
  }

  function shut(): void {
    clearInterval(looking);
    clearTimeout(refreshing);
    unread();
    unsubscribe();
    // It rejects if the connection was never made, which has been reported already.
    Promise.resolve(client.dispose()).catch(() => undefined);
    const { terminate } = socket ?? {};
    // If the other side does not answer our close frame, we do not wait for it.
    if (terminate !== undefined) setTimeout(() => terminate.call(socket), closeGraceMs);
  }

  function unread(): void {
    if (!isPaused) return;
    isPaused = false;
    aliveAt = performance.now();
    socket?.resume?.();
  }

  function look(): void {
    if (waiting === undefined || performance.now() - aliveAt <= settings.silenceMs) return;
    finish(new Interruption(`No sign of life for ${settings.silenceMs} ms.`));
    socket?.terminate?.();
  }

  function planRefresh(payload: unknown): void {
    const seconds = secondsLeft(payload);
    if (seconds === undefined || !settings.hasTokenSource) return;
    clearTimeout(refreshing);
    const ms = Math.min(seconds * 1_000 * refreshAfter, 2 ** 31 - 1);
    refreshing = setTimeout(() => void refresh(), ms);
  }

  async function refresh(): Promise<void> {
    // If there is no fresh one now, the old one is used until it expires, and the next connection asks again.
    const authorization = await settings.authorization().catch(() => undefined);
    if (end !== undefined || authorization === undefined || authorization === sentCredential) return;
    sentCredential = authorization;
    socket?.send(JSON.stringify({ type: 'ping', payload: { id: refreshId, authorization } }));
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        const result = queue.shift();
        if (queue.length === 0) unread();
        if (result !== undefined) return resolve(result);
        if (isClosed) return resolve(undefined);
        if (end?.failure !== undefined) return reject(end.failure);
        if (end !== undefined) return resolve(undefined);
        aliveAt = Math.max(aliveAt, performance.now() - settings.silenceMs / 2);
        waiting = { resolve, reject };
      }),
    close() {
      isClosed = true;
      queue.length = 0;
      finish(undefined);
    },
  };
};

const isSocket = (value: unknown): value is Socket =>
  typeof value === 'object' && value !== null && 'send' in value;

function closedBy(event: unknown): Error {
  const { code, reason } = Object(event);
  return closeFailure(typeof code === 'number' ? code : 1006, typeof reason === 'string' ? reason : '');
}

/** What graphql-ws passes to a sink: the operation's errors, a close event, an error event or an error. */
function failureBehind(error: unknown): Error {
  if (Array.isArray(error)) return failureOf(error);
  // An error about a token that could not be fetched, or is not valid.
  if (error instanceof Interruption || error instanceof HeliographError) return error;
  const { code, message } = Object(error);
  if (typeof code === 'number') return closedBy(error);
  return new Interruption(`No connection: ${message || 'the platform does not say why'}.`);
}

/** How long the credential is still valid, from `connection_ack` or a pong. */
function secondsLeft(payload: unknown): number | undefined {
  const { expiresInSeconds } = Object(Object(payload).credential);
  return typeof expiresInSeconds === 'number' ? expiresInSeconds : undefined;
}
