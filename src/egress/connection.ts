/**
 * One socket and the undici client that speaks HTTP/1.1 on it, one request at a time.
 *
 * undici would pool, dial and reconnect by itself. It does not here, because three promises hang on knowing
 * which socket serves which request:
 *
 * - Nothing is sent twice without a word. A POST whose connection breaks may have been processed, so a new attempt
 *   is for the retry schedule to make. A client here has exactly one socket in its life: when it asks for another, it
 *   gets an error. There is one exception, which the sender tells of: a connection that was kept from an earlier
 *   request and ends before one byte of an answer was let go by the receiver while it was idle. The request goes out
 *   once more, on a fresh connection, at once and as part of the same attempt.
 * - A socket stays where the guard saw it: no reconnect means no address that was not checked.
 * - A response has a price cap. Interim responses, chunk extensions and trailers burn CPU while nothing arrives,
 *   so whatever a response brings on the socket beside its body is counted, and limited as one.
 *
 * Once the status is known the attempt has its result: whatever goes wrong after it (a reset, a broken chunk,
 * the cap, the deadline) only cuts short the body, which is kept for the record. The connection is then thrown
 * away, as after every failure.
 */
import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Deadline } from './deadline.ts';
import { Exchange, type ExchangeLimits, MAX_HEADER_BYTES, type Reply, UnsentRequest } from './exchange.ts';
import { ResponseHead } from './response-head.ts';

/** What a response may cost beside its body: interim responses, headers, the framing of chunks, trailers. */
const MAX_OVERHEAD_BYTES = 2 * MAX_HEADER_BYTES;
/**
 * undici's own limit is out of reach on purpose. Once over it, undici makes an error with a stack trace for every
 * further header of the 64 KiB it is reading: 600 ms of CPU for a response of four-byte headers, 9 ms this way.
 */
const UNDICI_HEADER_BYTES = 1_048_576;
/** Receivers close idle connections after 2 s (gunicorn), 5 s (Node) or later, so let go before them. */
const IDLE_MS = 1_000;
/** After a pause the socket may have brought something that nobody has looked at yet. */
const SETTLED_MS = 20;
/** What a `Keep-Alive: timeout` of the receiver may stretch it to. */
const MAX_IDLE_MS = 10_000;
/** A busy connection is renewed now and then, so that a change in the DNS or of the rules takes effect. */
const MAX_AGE_MS = 60_000;

export interface PostRequest {
  readonly path: string;
  /** Name, value, name, value … */
  readonly headers: string[];
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
  /** Of the socket: read before the exchange, and handed to the parser by now. */
  #bytesBefore = 0;
  #bytesParsed = 0;

  constructor(origin: string, socket: Socket) {
    this.origin = origin;
    this.#socket = socket;
    // Before undici's own listener, so that what comes over the limit, or unasked, is not parsed any more.
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
        // The client looks for its first request after it has called us, so not within the call.
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
    // What came on the idle socket has ended it.
    if (this.#socket.destroyed) throw new UnsentRequest();
    const exchange = new Exchange(limits);
    this.#exchange = exchange;
    this.#bytesBefore = this.#socket.bytesRead;
    this.#bytesParsed = this.#socket.bytesRead;
    this.#head.expect();
    deadline.onExpiry((failure) => exchange.cut(failure));
    try {
      this.#client.dispatch({ ...request, method: 'POST' }, exchange);
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
      // Unasked bytes would be taken for the answer to the next request. (Without any the socket has ended.)
      if (this.#socket.readableLength > 0) this.destroy();
      return;
    }
    // How much of the latest read (64 KiB at most) is body, only the parser can tell: it counts next time.
    const overhead = this.#bytesParsed - this.#bytesBefore - this.#exchange.bodyBytes;
    this.#bytesParsed = this.#socket.bytesRead;
    if (overhead <= MAX_OVERHEAD_BYTES) return;
    this.#exchange.cutTooLarge();
    this.destroy();
  }
}
