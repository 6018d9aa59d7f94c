import type { WebSocket as GraphQLSocket } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import { messageOf } from '../errors.ts';
import { markLostNumbers, maxLostNumbers } from '../exact-json.ts';
import type { Progress } from '../graph/context.ts';
import { refuseJson } from '../http/json-limits.ts';
import { closeCodes } from './close-codes.ts';

/** Messages, pings and pongs from a client: so many at once, then so many a second. */
const messageBurst = 400;
const messagesPerSecond = 100;
/** A larger message counts as several: 4 MiB as 65. */
const bytesOfOne = 65_536;
/** A message before the credential: it holds that and little more. */
const maxBytesBefore = 65_536;
/** How often a socket is looked at. */
const lookEveryMs = 1_000;
const pingEveryMs = 15_000;
/** Without any sign of life for so long a client is gone. Longer than a slow consumer is waited for. */
const silentMs = 45_000;
/** How long a client gets to answer our close before the socket is cut. */
const closeGraceMs = 5_000;
/** The longest reason that fits into a close frame. */
const maxReasonBytes = 123;

/**
 * What stands between a client's socket and the protocol: it counts messages, notices the dead and the slow, and makes
 * an end that is an end.
 *
 * `send` answers when the kernel has taken the message, not when it was put into a queue: an operation awaits it
 * before it asks its source for more. So a client that does not read holds back its subscriptions, each with one message
 * in memory. If nothing moves for `slowConsumerMs`, it is closed with 4510 and told the position of the operation
 * that is furthest behind.
 *
 * After `close` nothing is sent any more and what runs on the socket is ended at once: waiting for the client's answer
 * to the close would let a subscription run on into nowhere.
 */
export class SocketGuard implements GraphQLSocket {
  readonly protocol: string;
  /** How a ping of the protocol, not one of the WebSocket's own, is answered. */
  onPing: (payload: Record<string, unknown> | null | undefined) => Promise<void> = (payload) =>
    this.pong(payload ?? undefined);
  readonly #socket: WebSocket;
  readonly #slowConsumerMs: number;
  readonly #onSlow: () => void;
  readonly #looking: NodeJS.Timeout;
  readonly #onError: (error: unknown) => void;
  readonly #progress = new Map<string, Progress>();
  readonly #closeListeners: ((code: number, reason: string) => void)[] = [];
  #closedWith: [code: number, reason: string] | undefined;
  #admitted = false;
  #tokens = messageBurst;
  #unsent = 0;
  #buffered = 0;
  #movedAt = performance.now();
  #heardAt = performance.now();
  #pingedAt = performance.now();
  #lookedAt = performance.now();

  constructor(
    socket: WebSocket,
    options: { slowConsumerMs: number; onSlow: () => void; onError: (error: unknown) => void },
  ) {
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#slowConsumerMs = options.slowConsumerMs;
    this.#onSlow = options.onSlow;
    this.#onError = options.onError;
    this.#looking = setInterval(() => this.#look(), Math.min(lookEveryMs, options.slowConsumerMs / 4));
    socket.on('pong', () => this.#count());
    socket.on('ping', () => this.#count());
    // An oversized message or a broken frame: ws closes with the right code by itself.
    socket.on('error', () => undefined);
    socket.once('close', (code, reason) => this.#end(code, reason.toString()));
  }

  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  /** The client has proven who it is: from now on it may say large things. */
  admit(): void {
    this.#admitted = true;
  }

  /** Rejects once the socket is closed: that unwinds whatever still wanted to send. */
  send(data: string): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error('The WebSocket is closed.'));
    if (this.#unsent === 0) this.#movedAt = performance.now();
    this.#unsent += 1;
    return new Promise((resolve) => {
      this.#socket.send(data, () => {
        this.#unsent -= 1;
        this.#movedAt = performance.now();
        resolve();
      });
    });
  }

  /** Answers a ping of the protocol, with what may be its own payload. */
  async pong(payload?: object): Promise<void> {
    let text: string;
    try {
      text = JSON.stringify({ type: 'pong', ...(payload === undefined ? {} : { payload }) });
    } catch (error) {
      // A number in it that cannot be said again as it came.
      this.close(closeCodes.badRequest.code, messageOf(error));
      return;
    }
    await this.send(text);
  }

  /** Tells how far the log is covered for an operation that has nothing to say: as a ping, for it may send no message. */
  tellPosition(id: string, position: number): void {
    this.send(JSON.stringify({ type: 'ping', payload: { id, position } })).catch(() => undefined);
  }

  close(code: number = closeCodes.normal.code, reason = ''): void {
    if (this.isClosed) return;
    this.#socket.close(code, Buffer.from(reason).subarray(0, maxReasonBytes).toString());
    setTimeout(() => this.#socket.terminate(), closeGraceMs).unref();
    this.#end(code, reason);
  }

  onMessage(listener: (data: string) => Promise<void>): void {
    this.#socket.on('message', (data: RawData, isBinary: boolean) => {
      if (!this.#count(Buffer.isBuffer(data) ? 1 + Math.floor(data.length / bytesOfOne) : 1)) return;
      if (isBinary) {
        this.close(closeCodes.unsupportedData.code, 'Messages must be text, not binary.');
        return;
      }
      if (!this.#admitted && Buffer.isBuffer(data) && data.length > maxBytesBefore) {
        this.close(closeCodes.messageTooBig.code, 'The message before connection_init is too large.');
        return;
      }
      let text: string;
      try {
        const refusal = Buffer.isBuffer(data) ? refuseJson(data) : undefined;
        if (refusal !== undefined) throw refusal;
        text = markLostNumbers(String(data), maxLostNumbers);
      } catch (error) {
        this.close(closeCodes.badRequest.code, messageOf(error));
        return;
      }
      // Its own parser takes the marks apart again (websocket.ts).
      listener(text).catch((error: unknown) => {
        if (this.isClosed) return;
        this.#onError(error);
        // Not 4500: clients take it as final, and what failed here may do so no more.
        this.close(closeCodes.tryAgainLater.code, 'Internal server error. Connect again.');
      });
    });
  }

  /** Is called once: when the client has gone or when we close, whichever comes first; at once where that has been. */
  onClose(listener: (code: number, reason: string) => void): void {
    if (this.#closedWith === undefined) this.#closeListeners.push(listener);
    else listener(...this.#closedWith);
  }

  /** Where the source of an operation notes how far it has come, until `forget`. */
  track(operationId: string): Progress {
    const progress: Progress = {};
    this.#progress.set(operationId, progress);
    return progress;
  }

  forget(operationId: string): void {
    this.#progress.delete(operationId);
  }

  #count(messages = 1): boolean {
    this.#heardAt = performance.now();
    if (this.isClosed) return false;
    this.#tokens -= messages;
    if (this.#tokens < 0) this.close(closeCodes.tooMany.code, 'Too many messages');
    return !this.isClosed;
  }

  #look(): void {
    const now = performance.now();
    this.#tokens = Math.min(messageBurst, this.#tokens + (messagesPerSecond * (now - this.#lookedAt)) / 1000);
    this.#lookedAt = now;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount < this.#buffered) this.#movedAt = now;
    this.#buffered = bufferedAmount;
    if (this.#unsent > 0 && now - this.#movedAt > this.#slowConsumerMs) {
      this.#cutOff();
    } else if (now - this.#heardAt > silentMs) {
      this.#socket.terminate();
    } else if (now - this.#pingedAt > pingEveryMs) {
      this.#pingedAt = now;
      this.#socket.ping();
    }
  }

  #cutOff(): void {
    const positions = [...this.#progress.values()].flatMap(({ position }) => position ?? []);
    const behind = positions.length === 0 ? '' : ` position=${Math.min(...positions)}`;
    this.#onSlow();
    this.close(closeCodes.slowConsumer.code, `SLOW_CONSUMER${behind}`);
  }

  #end(code: number, reason: string): void {
    if (this.isClosed) return;
    this.#closedWith = [code, reason];
    clearInterval(this.#looking);
    for (const listener of this.#closeListeners) listener(code, reason);
  }
}
