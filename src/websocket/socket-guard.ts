import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket as GraphQLSocket } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import { messageOf, type RequestError } from '../errors.ts';
import { markLostNumbers, maxLostNumbers } from '../exact-json.ts';
import type { Progress } from '../graph/context.ts';
import type { BodyBytes, HeldBytes } from '../http/body-bytes.ts';
import type { LargeTurns } from '../http/large-turns.ts';
import { refuseJson } from '../json/json-limits.ts';
import { refusalOfRepeatedNames } from '../repeated-names.ts';
import { closeCodes } from './close-codes.ts';
import { nextFrame } from './text-frame.ts';

/** The limits for messages, pings and pongs from a client: a number at once, and then a number each second. */
const messageBurst = 400;
const messagesPerSecond = 100;
/** A larger message counts as several: 4 MiB as 65. */
const bytesOfOne = 65_536;
/** The limit for a message before the credential, which needs little more than that. */
const maxBytesBefore = 65_536;
/** The header of a client's ping or pong frame, which may come between the parts of a message. */
const frameHeaderBytes = 6;
/** The most messages that may wait in the socket where nobody waits for each of them. */
const mostUnsent = 16;
/** The time between two checks of a socket. */
const lookEveryMs = 1_000;
const pingEveryMs = 15_000;
/** A client that sends nothing for this time has left. It is longer than the limit for slow consumers. */
const silentMs = 45_000;
/** How long a client may take to answer our close frame before the connection is cut. */
const closeGraceMs = 5_000;
/** The same for a client that sends too much, whose answer would come after the rest of its message. */
const refusedGraceMs = 1_000;
/** Stands in a message for a text that is put in its place; a client cannot know it. */
const placeholder = randomUUID();
const placeholderText = `{"extensions":{"${placeholder}":"`;
/** The longest reason that fits into a close frame. */
const maxReasonBytes = 123;
const tooLargeBefore = 'The message before connection_init is too large.';

/**
 * The layer between a client's socket and the protocol. It counts messages, notices dead and slow clients, and closes
 * for good.
 *
 * `send` resolves when the kernel has taken the message, not when it was queued, and an operation awaits it before it
 * requests the next result from its source. So a client that does not read holds back its subscriptions, each with
 * one message in memory. If nothing moves for `slowConsumerMs`, the socket is closed with 4510 and the position of
 * the operation that is furthest behind.
 *
 * After `close` nothing is sent any more, and the operations on the socket end at once. Otherwise a subscription
 * would continue until the client answers the close frame.
 */
export class SocketGuard implements GraphQLSocket {
  readonly protocol: string;
  /** The answer to a ping of the protocol, which is not a ping frame of the WebSocket. */
  onPing: (payload: Record<string, unknown> | null | undefined) => Promise<void> = (payload) =>
    this.pong(payload ?? undefined);
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #slowConsumerMs: number;
  readonly #largeTurn: LargeTurns;
  readonly #bodyBytes: BodyBytes;
  readonly #onSlow: () => void;
  readonly #looking: NodeJS.Timeout;
  readonly #onError: (error: unknown) => void;
  readonly #progress = new Map<string, Progress>();
  /** Pending while a large message and those after it wait for their turn. */
  #reading: Promise<void> | undefined;
  readonly #texts = new Map<number, string>();
  #textCount = 0;
  readonly #closeListeners: ((code: number, reason: string) => void)[] = [];
  #closedWith: [code: number, reason: string] | undefined;
  /** Who has been authenticated. */
  #holder: string | undefined;
  /** The bytes that have arrived since the last complete message. */
  #arrived = 0;
  /** The bytes that have arrived and were not yet read. It exists once the client has been authenticated. */
  #held: HeldBytes | undefined;
  #tokens = messageBurst;
  #unsent = 0;
  #buffered = 0;
  #movedAt = performance.now();
  #heardAt = performance.now();
  #pingedAt = performance.now();
  #lookedAt = performance.now();

  constructor(
    socket: WebSocket,
    options: {
      /** The connection below the WebSocket. */
      stream: Duplex;
      slowConsumerMs: number;
      largeTurn: LargeTurns;
      bodyBytes: BodyBytes;
      onSlow: () => void;
      onError: (error: unknown) => void;
    },
  ) {
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#stream = options.stream;
    this.#slowConsumerMs = options.slowConsumerMs;
    this.#largeTurn = options.largeTurn;
    this.#bodyBytes = options.bodyBytes;
    this.#onSlow = options.onSlow;
    this.#onError = options.onError;
    this.#looking = setInterval(() => this.#look(), Math.min(lookEveryMs, options.slowConsumerMs / 4));
    options.stream.on('data', (chunk: Buffer) => this.#receive(chunk.length));
    for (const frame of ['ping', 'pong'] as const) {
      socket.on(frame, (data) => {
        this.#receive(-(data.length + frameHeaderBytes));
        this.#count();
      });
    }
    // For an oversized message or a broken frame, ws itself closes with the right code.
    socket.on('error', () => undefined);
    socket.once('close', (code, reason) => {
      this.#held?.release();
      this.#end(code, reason.toString());
    });
  }

  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  /** The client has been authenticated, so it may send large messages from now on. */
  admit(holder: string): void {
    this.#holder = holder;
    this.#held = this.#bodyBytes.open(holder);
  }

  /** Rejects once the socket is closed, which ends everything that still wants to send. */
  send(data: string): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error('The WebSocket is closed.'));
    const text = this.#filled(data);
    if (this.#unsent === 0) this.#movedAt = performance.now();
    this.#unsent += 1;
    return new Promise((resolve) => {
      this.#socket.send(text, () => {
        this.#onWritten();
        resolve();
      });
    });
  }

  /**
   * Sends results of an operation, as UTF-8 of their JSON. The function returns false where that is not possible or too
   * much still waits to be sent. The frames go past ws to its connection. That keeps their order, because ws without
   * compression writes each of its own frames as a whole and at once.
   */
  nextSender(operationId: string): (json: Uint8Array) => boolean {
    let beginning: Uint8Array | undefined;
    return (json) => {
      if (this.isClosed || this.#unsent >= mostUnsent || this.#socket.readyState !== this.#socket.OPEN)
        return false;
      beginning ??= Buffer.from(`{"id":${JSON.stringify(operationId)},"type":"next","payload":`);
      if (this.#unsent === 0) this.#movedAt = performance.now();
      this.#unsent += 1;
      this.#stream.write(nextFrame(beginning, json), this.#onWritten);
      return true;
    };
  }

  readonly #onWritten = () => {
    this.#unsent -= 1;
    this.#movedAt = performance.now();
  };

  /** A payload that `send` replaces by this text, which is JSON: a text that many sockets get is made once. */
  payloadOf(text: string): { extensions: Record<string, string> } {
    this.#textCount += 1;
    this.#texts.set(this.#textCount, text);
    return { extensions: { [placeholder]: String(this.#textCount) } };
  }

  #filled(message: string): string {
    if (this.#texts.size === 0 || !message.endsWith('"}}}')) return message;
    const at = message.lastIndexOf(placeholderText);
    if (at === -1) return message;
    const key = Number(message.slice(at + placeholderText.length, -4));
    const text = this.#texts.get(key);
    if (text === undefined) return message;
    this.#texts.delete(key);
    return `${message.slice(0, at)}${text}}`;
  }

  /** Answers a ping of the protocol, which may have a payload. */
  async pong(payload?: object): Promise<void> {
    let text: string;
    try {
      text = JSON.stringify({ type: 'pong', ...(payload === undefined ? {} : { payload }) });
    } catch (error) {
      // A number in the payload cannot be returned exactly.
      this.close(closeCodes.badRequest.code, messageOf(error));
      return;
    }
    await this.send(text);
  }

  /**
   * Tells how far the log is covered for an operation that has no message to send. It is a ping, because an operation
   * without results must not send a message.
   */
  tellPosition(id: string, position: number): void {
    this.send(JSON.stringify({ type: 'ping', payload: { id, position } })).catch(() => undefined);
  }

  close(code: number = closeCodes.normal.code, reason = '', graceMs = closeGraceMs): void {
    if (this.isClosed) return;
    this.#socket.close(code, fitReason(reason));
    setTimeout(() => this.#socket.terminate(), graceMs).unref();
    this.#end(code, reason);
  }

  onMessage(listener: (data: string) => Promise<void>): void {
    this.#socket.on('message', (data: RawData, isBinary: boolean) => {
      const bytes = Buffer.isBuffer(data) ? data.length : 0;
      this.#arrived = 0;
      if (!this.#count(1 + Math.floor(bytes / bytesOfOne))) return;
      if (isBinary) {
        this.close(closeCodes.unsupportedData.code, 'Messages must be text, not binary.');
        return;
      }
      if (this.#holder === undefined && bytes > maxBytesBefore) {
        this.close(closeCodes.messageTooBig.code, tooLargeBefore);
        return;
      }
      const turn = this.#largeTurn(this.#holder ?? '', bytes);
      if (turn === undefined && this.#reading === undefined) {
        this.#read(data, listener);
        this.#held?.release();
      } else this.#readLater(data, listener, turn);
    });
  }

  /** Later messages of the socket wait for this one, so that they stay in their order. */
  #readLater(
    data: RawData,
    listener: (data: string) => Promise<void>,
    turn: Promise<void> | undefined,
  ): void {
    this.#socket.pause();
    const reading = Promise.all([this.#reading, turn]).then(() => {
      this.#read(data, listener);
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      this.#held?.release();
      // Nothing was heard while the socket was paused.
      this.#heardAt = performance.now();
      this.#socket.resume();
    });
    this.#reading = reading;
  }

  #read(data: RawData, listener: (data: string) => Promise<void>): void {
    if (this.isClosed) return;
    let text: string;
    try {
      const refusal = Buffer.isBuffer(data) ? refuseJson(data) : undefined;
      if (refusal !== undefined) throw refusal;
      text = markLostNumbers(String(data), maxLostNumbers);
      const repeated = refusalOfRepeatedNames(text);
      if (repeated !== undefined) {
        this.#refuse(text, repeated);
        return;
      }
    } catch (error) {
      this.close(closeCodes.badRequest.code, messageOf(error));
      return;
    }
    // The parser of ws reads the frames again (websocket.ts).
    listener(text).catch((error: unknown) => {
      if (this.isClosed) return;
      this.#onError(error);
      // It is not 4500, because clients treat that as final, and this error may be temporary.
      this.close(closeCodes.tryAgainLater.code, 'Internal server error. Connect again.');
    });
  }

  /** Answers an operation with the error under its id. Any other message closes the socket. */
  #refuse(text: string, error: RequestError): void {
    const { type, id } = JSON.parse(text);
    if (type !== 'subscribe' || typeof id !== 'string') throw error;
    const { message, code, extensions } = error;
    const payload = [{ message, extensions: { ...extensions, code } }];
    this.send(JSON.stringify({ id, type: 'error', payload })).catch(() => undefined);
  }

  /**
   * Called once: when the client has left or when we close, whichever comes first, or at once if that has happened
   * already.
   */
  onClose(listener: (code: number, reason: string) => void): void {
    if (this.#closedWith === undefined) this.#closeListeners.push(listener);
    else listener(...this.#closedWith);
  }

  /** Where the source of an operation notes its position, until `forget`. */
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

  /** A large message is refused while it arrives, because its bytes stay in memory until it is complete. */
  #receive(bytes: number): void {
    this.#heardAt = performance.now();
    this.#arrived += bytes;
    if (this.isClosed) {
      // ws reads on until the client answers our close frame, and would keep a message that never ends.
      if (this.#arrived > maxBytesBefore) this.#socket.pause();
      return;
    }
    if (this.#held === undefined) {
      if (this.#arrived > 2 * maxBytesBefore) {
        this.#refuseBytes(closeCodes.messageTooBig.code, tooLargeBefore);
      }
      return;
    }
    try {
      this.#held.add(bytes);
    } catch (error) {
      this.#refuseBytes(closeCodes.tooMany.code, messageOf(error));
    }
  }

  /** Reads nothing more. Other messages of the caller may have the place of this one. */
  #refuseBytes(code: number, reason: string): void {
    this.close(code, reason, refusedGraceMs);
    this.#socket.pause();
    this.#held?.release();
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
    } else if (this.#reading === undefined && now - this.#heardAt > silentMs) {
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

/** The beginning of the reason that fits into a close frame. ws throws if it does not, and half a character grows. */
function fitReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= maxReasonBytes) return reason;
  let end = maxReasonBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
