import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket as GraphQLSocket } from 'graphql-ws';
import { type RawData, WebSocket } from 'ws';
import { messageOf, type RequestError } from '../errors.ts';
import { markLostNumbers, maxLostNumbers } from '../exact-json.ts';
import type { BodyBytes, HeldBytes } from '../http/body-bytes.ts';
import type { LargeTurns } from '../http/large-turns.ts';
import { refuseJson } from '../json/json-limits.ts';
import { refusalOfRepeatedNames } from '../repeated-names.ts';
import { closeCodes } from './close-codes.ts';
import { fitReason } from './fit-reason.ts';
import { type GuardedSocket, listenTo } from './guarded-socket.ts';
import { SocketOperation } from './socket-operation.ts';

/** The limits for messages, pings and pongs from a client: a number at once, and then a number each second. */
const messageBurst = 400;
const messagesPerSecond = 100;
/** A larger message counts as several: 4 MiB as 65. */
const bytesOfOne = 65_536;
/** The limit for a message before the credential, which needs little more than that. */
const maxBytesBefore = 65_536;
/** The header of a client's ping or pong frame, which may come between the parts of a message. */
const frameHeaderBytes = 6;
/** How long a client may take to send `connection_init`. */
const initTimeoutMs = 10_000;
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
const tooLargeBefore = 'The message before connection_init is too large.';

const none: readonly SocketOperation[] = [];
let textCount = 0;

/** What the sockets of a server have in common. */
export type GuardHost = Readonly<{
  slowConsumerMs: number;
  largeTurn: LargeTurns;
  bodyBytes: BodyBytes;
  /** Those that are not closed. */
  guards: Set<SocketGuard>;
  onSlow: () => void;
  onError: (error: unknown) => void;
}>;

/** Who reads the messages of a socket. */
export type GuardOwner = Readonly<{
  answerPing(payload: Record<string, unknown> | null | undefined): Promise<void>;
  onClose(code: number, reason: string): void;
}>;

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
  readonly #host: GuardHost;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  #owner: GuardOwner | undefined;
  #operations: readonly SocketOperation[] = none;
  /** Pending while a large message and those after it wait for their turn. */
  #reading: Promise<void> | undefined;
  /** Texts that `send` puts into the messages that wait to be sent. */
  #texts: Map<number, string> | undefined;
  #listener: ((data: string) => Promise<void>) | undefined;
  #closedWith: [code: number, reason: string] | undefined;
  #isInitialised = false;
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
  #heardAt = this.#movedAt;
  #pingedAt = this.#movedAt;
  #lookedAt = this.#movedAt;
  readonly #openedAt = this.#movedAt;

  constructor(socket: GuardedSocket, stream: Duplex, host: GuardHost) {
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#stream = stream;
    this.#host = host;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk.length));
    listenTo(socket, this);
  }

  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  /** The client has been authenticated, so it may send large messages from now on. */
  admit(holder: string): void {
    this.#holder = holder;
    this.#held = this.#host.bodyBytes.open(holder);
  }

  /** Rejects once the socket is closed, which ends everything that still wants to send. */
  send(data: string): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error('The WebSocket is closed.'));
    const text = this.#filled(data);
    if (this.#unsent === 0) this.#movedAt = performance.now();
    this.#unsent += 1;
    return new Promise((resolve) => {
      this.#socket.send(text, () => {
        this.#unsent -= 1;
        this.#movedAt = performance.now();
        resolve();
      });
    });
  }

  /** Whether the client has taken everything that was sent before. */
  get canSendFrame(): boolean {
    return (
      !this.isClosed &&
      this.#unsent === 0 &&
      this.#stream.writableLength === 0 &&
      this.#socket.readyState === WebSocket.OPEN
    );
  }

  /**
   * Sends a frame, if `canSendFrame`. It goes past ws to the connection. That keeps the order, because ws without
   * compression writes each of its own frames as a whole and at once. Nobody waits until it is written, so nothing is
   * to be called then.
   */
  sendFrame(frame: Buffer): true {
    this.#stream.write(frame);
    if (this.#stream.writableLength > 0) this.#movedAt = performance.now();
    return true;
  }

  /** A payload that `send` replaces by this text, which is JSON: a text that many sockets get is made once. */
  payloadOf(text: string): { extensions: Record<string, string> } {
    textCount += 1;
    this.#texts ??= new Map();
    this.#texts.set(textCount, text);
    return { extensions: { [placeholder]: String(textCount) } };
  }

  #filled(message: string): string {
    if (this.#texts === undefined || !message.endsWith('"}}}')) return message;
    const at = message.lastIndexOf(placeholderText);
    if (at === -1) return message;
    const key = Number(message.slice(at + placeholderText.length, -4));
    const text = this.#texts.get(key);
    if (text === undefined) return message;
    this.#texts.delete(key);
    if (this.#texts.size === 0) this.#texts = undefined;
    return `${message.slice(0, at)}${text}}`;
  }

  /** The answer to a ping of the protocol, which is not a ping frame of the WebSocket. */
  onPing(payload: Record<string, unknown> | null | undefined): Promise<void> {
    return this.#owner?.answerPing(payload) ?? this.pong(payload ?? undefined);
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
    this.#listener = listener;
  }

  /** The socket's own. */
  receive(data: RawData, isBinary: boolean): void {
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
    const turn = this.#host.largeTurn(this.#holder ?? '', bytes);
    if (turn === undefined && this.#reading === undefined) {
      this.#read(data);
      this.#held?.release();
    } else this.#readLater(data, turn);
  }

  /** The socket's own. */
  receiveControlFrame(bytes: number): void {
    this.#receive(-(bytes + frameHeaderBytes));
    this.#count();
  }

  /** The socket's own: the client has left, or has answered our close frame. */
  hasClosed(code: number, reason: string): void {
    this.#held?.release();
    this.#end(code, reason);
  }

  /** Later messages of the socket wait for this one, so that they stay in their order. */
  #readLater(data: RawData, turn: Promise<void> | undefined): void {
    this.#socket.pause();
    const reading = Promise.all([this.#reading, turn]).then(() => {
      this.#read(data);
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      this.#held?.release();
      // Nothing was heard while the socket was paused.
      this.#heardAt = performance.now();
      this.#socket.resume();
    });
    this.#reading = reading;
  }

  #read(data: RawData): void {
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
    this.#listener?.(text).catch((error: unknown) => {
      if (this.isClosed) return;
      this.#host.onError(error);
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

  /** `owner.onClose` is called once: when the client has left or when we close, or at once if that has happened already. */
  setOwner(owner: GuardOwner): void {
    this.#owner = owner;
    if (this.#closedWith !== undefined) owner.onClose(...this.#closedWith);
  }

  get operations(): readonly SocketOperation[] {
    return this.#operations;
  }

  /** Where an operation notes its position, until `forget`. */
  track(id: string): SocketOperation {
    const operation = new SocketOperation(id, this);
    this.#operations = [...this.#operations, operation];
    return operation;
  }

  forget(id: string): void {
    this.#operations = this.#operations.filter((operation) => operation.id !== id);
  }

  /** The client has sent `connection_init`. */
  initialised(): void {
    this.#isInitialised = true;
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

  /** Is called for every socket, every so often: a socket has no timer of its own. */
  look(now: number): void {
    this.#tokens = Math.min(messageBurst, this.#tokens + (messagesPerSecond * (now - this.#lookedAt)) / 1000);
    this.#lookedAt = now;
    const { bufferedAmount } = this.#socket;
    // Bytes that were not there at the last look, such as those of a ping, have not waited longer than since then.
    if (bufferedAmount < this.#buffered || this.#buffered === 0) this.#movedAt = now;
    this.#buffered = bufferedAmount;
    const isWriting = this.#unsent > 0 || bufferedAmount > 0;
    if (isWriting && now - this.#movedAt > this.#host.slowConsumerMs) {
      this.#cutOff();
    } else if (!this.#isInitialised && now - this.#openedAt > initTimeoutMs) {
      this.close(closeCodes.initTimeout.code, 'Connection initialisation timeout');
    } else if (this.#reading === undefined && now - this.#heardAt > silentMs) {
      this.#socket.terminate();
    } else if (now - this.#pingedAt > pingEveryMs) {
      this.#pingedAt = now;
      this.#socket.ping();
    }
  }

  #cutOff(): void {
    const positions = this.#operations.flatMap(({ position }) => position ?? []);
    const behind = positions.length === 0 ? '' : ` position=${Math.min(...positions)}`;
    this.#host.onSlow();
    this.close(closeCodes.slowConsumer.code, `SLOW_CONSUMER${behind}`);
  }

  #end(code: number, reason: string): void {
    if (this.isClosed) return;
    this.#closedWith = [code, reason];
    this.#host.guards.delete(this);
    this.#owner?.onClose(code, reason);
  }
}
