import type { WebSocket as GraphQLSocket } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';

export const closeCodes = {
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  tooManyMessages: 4429,
  slowConsumer: 4510,
} as const;

/** Messages and pings from a client: so many at once, then so many a second. */
const messageBurst = 400;
const messagesPerSecond = 100;
/** How often a socket is looked at. */
const lookEveryMs = 1_000;
const pingEveryMs = 15_000;
/** Without any sign of life for so long a client is gone. Longer than a slow consumer is waited for. */
const silentMs = 45_000;
/** How long a client gets to answer our close before the socket is cut. */
const closeGraceMs = 5_000;
/** The longest reason that fits into a close frame. */
const maxReasonBytes = 123;

export type Progress = { position?: number };

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
  readonly #socket: WebSocket;
  readonly #slowConsumerMs: number;
  readonly #onSlow: () => void;
  readonly #looking: NodeJS.Timeout;
  readonly #progress = new Set<WeakRef<Progress>>();
  readonly #closeListeners: ((code: number, reason: string) => void)[] = [];
  readonly #neverSent: ((value: undefined) => void)[] = [];
  #closed = false;
  #tokens = messageBurst;
  #unsent = 0;
  #buffered = 0;
  #movedAt = performance.now();
  #heardAt = performance.now();
  #pingedAt = performance.now();

  constructor(socket: WebSocket, options: { slowConsumerMs: number; onSlow: () => void }) {
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#slowConsumerMs = options.slowConsumerMs;
    this.#onSlow = options.onSlow;
    this.#looking = setInterval(() => this.#look(), Math.min(lookEveryMs, options.slowConsumerMs / 4));
    socket.on('pong', () => this.#hear());
    socket.on('ping', () => this.#count());
    // An oversized message or a broken frame: ws closes with the right code by itself.
    socket.on('error', () => undefined);
    socket.once('close', (code, reason) => this.#end(code, reason.toString()));
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(data: string): Promise<undefined> {
    if (this.#closed) return new Promise((resolve) => this.#neverSent.push(resolve));
    if (this.#unsent === 0) this.#movedAt = performance.now();
    this.#unsent += 1;
    return new Promise((resolve) => {
      this.#socket.send(data, () => {
        this.#unsent -= 1;
        this.#movedAt = performance.now();
        resolve(undefined);
      });
    });
  }

  /** Always answers false, for `return guard.close(…)` where the question was whether to go on. */
  close(code = 1000, reason = ''): false {
    if (this.#closed) return false;
    this.#socket.close(code, Buffer.from(reason).subarray(0, maxReasonBytes).toString());
    setTimeout(() => this.#socket.terminate(), closeGraceMs).unref();
    this.#end(code, reason);
    return false;
  }

  onMessage(listener: (data: string) => Promise<void>): void {
    this.#socket.on('message', (data: RawData) => {
      if (!this.#count()) return;
      listener(String(data)).catch(() => this.close(closeCodes.badRequest, 'Invalid message received'));
    });
  }

  /** Is called once: when the client has gone or when we close, whichever comes first. */
  onClose(listener: (code: number, reason: string) => void): void {
    this.#closeListeners.push(listener);
  }

  /** Where an operation's source notes how far it has come. */
  track(): Progress {
    const progress: Progress = {};
    this.#progress.add(new WeakRef(progress));
    return progress;
  }

  #hear(): void {
    this.#heardAt = performance.now();
  }

  #count(): boolean {
    this.#hear();
    if (this.#closed) return false;
    this.#tokens -= 1;
    if (this.#tokens < 0) this.close(closeCodes.tooManyMessages, 'Too many messages');
    return !this.#closed;
  }

  #look(): void {
    const now = performance.now();
    this.#tokens = Math.min(messageBurst, this.#tokens + (messagesPerSecond * lookEveryMs) / 1000);
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount < this.#buffered) this.#movedAt = now;
    this.#buffered = bufferedAmount;
    if (this.#unsent > 0 && now - this.#movedAt > this.#slowConsumerMs) return this.#cutOff();
    if (now - this.#heardAt > silentMs) return this.#socket.terminate();
    if (now - this.#pingedAt > pingEveryMs) {
      this.#pingedAt = now;
      this.#socket.ping();
    }
  }

  #cutOff(): void {
    const positions = [...this.#progress].flatMap((reference) => reference.deref()?.position ?? []);
    const behind = positions.length === 0 ? '' : ` position=${Math.min(...positions)}`;
    this.#onSlow();
    this.close(closeCodes.slowConsumer, `SLOW_CONSUMER${behind}`);
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#looking);
    for (const listener of this.#closeListeners) listener(code, reason);
    for (const resolve of this.#neverSent) resolve(undefined);
  }
}
