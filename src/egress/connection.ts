/**
 * One socket and the undici client that speaks HTTP/1.1 on it, one request at a time.
 *
 * undici would pool, dial and reconnect by itself. Here it does not, because we have to know which socket serves which
 * request in order to keep three promises:
 *
 * - Nothing is sent twice silently. A POST whose connection breaks may have been processed, so a new attempt
 *   is for the retry schedule to make. A client here has exactly one socket in its life: when it asks for another, it
 *   gets an error. There is one exception, which the sender reports: if a connection that was kept from an
 *   earlier request ends before one byte of an answer, the receiver had closed it while it was idle. Then the request
 *   is sent once more, at once, on a new connection, as part of the same attempt.
 * - Every address has been checked: without reconnects a socket always leads to the address that the guard judged.
 * - The cost of a response is limited. Interim responses, chunk extensions and trailers cost CPU although they bring no
 *   body, so all bytes of a response that are not its body are counted together, against one limit.
 *
 * Once the status is known, the attempt has its result. Whatever goes wrong later (a reset, a broken chunk, the limit,
 * the deadline) only shortens the body, which is stored for people to read. The connection is then closed, as after
 * every failure.
 */
import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Deadline } from './deadline.ts';
import { Exchange, type ExchangeLimits, MAX_HEADER_BYTES, type Reply, UnsentRequest } from './exchange.ts';
import { ResponseHead } from './response-head.ts';

/** How many bytes a response may have beside its body: interim responses, headers, chunk framing and trailers. */
const MAX_OVERHEAD_BYTES = 2 * MAX_HEADER_BYTES;
/**
 * undici's own limit is set so high on purpose that it is never reached. Beyond it, undici makes an error with a stack
 * trace for every further header of the 64 KiB it is reading: 600 ms of CPU for a response of four-byte headers, 9 ms
 * this way.
 */
const UNDICI_HEADER_BYTES = 1_048_576;
/** Receivers close idle connections after 2 s (gunicorn), 5 s (Node) or later, so we close ours before them. */
const IDLE_MS = 1_000;
/** After a pause of this length there may be bytes on the socket that nobody has read yet. */
const SETTLED_MS = 20;
/** The longest idle time that a receiver can ask for by `Keep-Alive: timeout`. */
const MAX_IDLE_MS = 10_000;
/** The longest life of a connection, so that changes in the DNS and in the rules take effect for busy ones too. */
const MAX_AGE_MS = 60_000;

export interface PostRequest {
  readonly path: string;
  /** The headers as one flat list: name, value, name, value … Asked for when they are written. */
  readonly headers: () => string[];
  readonly body: string;
}

export class Connection {
  readonly origin: string;
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #bornAt = performance.now();
  readonly #head = new ResponseHead();
  #exchange: Exchange | undefined;
  #idleSince = performance.now();
  /** How many bytes the socket had read before the exchange; the next field counts those handed to the parser. */
  #bytesBefore = 0;
  #bytesParsed = 0;

  constructor(origin: string, socket: Socket) {
    this.origin = origin;
    this.#socket = socket;
    // Set before undici's own listener, so that bytes beyond the limit, or bytes nobody asked for, are not parsed.
    socket.on('readable', () => this.#checkOverhead());
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => {
      for (let bytes: unknown = read(size); ; bytes = read(size)) {
        if (!Buffer.isBuffer(bytes)) return bytes;
        const seen = this.#head.read(bytes);
        if (seen !== undefined) return seen;
      }
    };

    let isHandedOver = false;
    this.#client = new Client(origin, {
      connect: (_options, callback) => {
        const isFirst = !isHandedOver;
        isHandedOver = true;
        // The client looks for its first request only after this call has returned, so call back later.
        queueMicrotask(() => (isFirst ? callback(null, socket) : callback(new UnsentRequest(), null)));
      },
      maxHeaderSize: UNDICI_HEADER_BYTES,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      // The deadline of the send is the only clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    });
  }

  /** Calls `listener` once the socket is gone, for whatever reason. */
  onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  /** Whether the receiver has sent a byte since the last request was begun. */
  get hasAnswered(): boolean {
    return this.#socket.bytesRead > this.#bytesBefore;
  }

  /** Whether another request may be tried on it. */
  get isReusable(): boolean {
    const isOpen = !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
    // A receiver that answers without reading the request would get the rest of it before the next one.
    const isClean = this.#socket.writableLength === 0 && this.#socket.readableLength === 0;
    return isOpen && isClean && performance.now() - this.#bornAt < MAX_AGE_MS;
  }

  /**
   * Lets what came on the idle socket be seen: an end, or bytes that would be taken for the next answer. Undefined where
   * it has just been in use.
   */
  settle(): Promise<void> | undefined {
    if (performance.now() - this.#idleSince < SETTLED_MS) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** One POST. Throws SendFailure or UnsentRequest; after these, and after a cut response, the socket is gone. */
  async post(request: PostRequest, limits: ExchangeLimits, deadline: Deadline): Promise<Reply> {
    // Something arrived while the socket was idle, and it was closed for that.
    if (this.#socket.destroyed) throw new UnsentRequest();
    const exchange = new Exchange(limits);
    this.#exchange = exchange;
    this.#bytesBefore = this.#socket.bytesRead;
    this.#bytesParsed = this.#socket.bytesRead;
    this.#head.expect();
    deadline.onExpiry((failure) => exchange.cut(failure));
    try {
      const { path, headers, body } = request;
      this.#client.dispatch({ path, method: 'POST', headers: headers(), body }, exchange);
      const reply = await exchange.reply;
      if (reply.isCut) this.destroy();
      return reply;
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      this.#exchange = undefined;
      this.#idleSince = performance.now();
    }
  }

  destroy(): void {
    this.#socket.destroy();
    void this.#client.destroy();
  }

  #checkOverhead(): void {
    if (this.#exchange === undefined) {
      // Bytes that nobody asked for would be taken for the answer to the next request. (Zero bytes mean that the socket
      // has ended.)
      if (this.#socket.readableLength > 0) this.destroy();
      return;
    }
    // Only the parser can tell how much of the latest read (at most 64 KiB) is body, so that read counts next time.
    const overhead = this.#bytesParsed - this.#bytesBefore - this.#exchange.bodyBytes;
    this.#bytesParsed = this.#socket.bytesRead;
    if (overhead <= MAX_OVERHEAD_BYTES) return;
    this.#exchange.cutTooLarge();
    this.destroy();
  }
}
