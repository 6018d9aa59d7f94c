import { type Dispatcher, errors } from 'undici';
import { errorCode, SendFailure } from './send-failure.ts';

/** The most bytes of all headers of a response together, as they were received. */
export const MAX_HEADER_BYTES = 16_384;
/** `: ` and the end of the line. */
const BYTES_BETWEEN_HEADERS = 4;

export interface ResponseHeader {
  readonly name: string;
  readonly value: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: readonly ResponseHeader[];
  readonly body: string;
  /** Whether the body is incomplete, because it was too long, too slow or broken off. */
  readonly isCut: boolean;
}

export interface ExchangeLimits {
  /** How many bytes of the body are read. */
  readonly maxResponseBytes: number;
  /** How many of these bytes are kept. */
  readonly keptResponseBytes: number;
}

/** No byte of the request was written, so it may be sent on another connection. */
export class UnsentRequest extends Error {}

/** The listener of one request: gathers the response and settles once, with the first thing that decides it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly reply: Promise<Reply>;
  readonly #limits: ExchangeLimits;
  #resolve: (reply: Reply) => void = () => {};
  #reject: (error: SendFailure | UnsentRequest) => void = () => {};
  #isWritten = false;
  #isSettled = false;
  #status: number | undefined;
  #headers: readonly ResponseHeader[] = [];
  #body: Buffer[] = [];
  #bodyBytes = 0;

  constructor(limits: ExchangeLimits) {
    this.#limits = limits;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** How many bytes of the body have come. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /**
   * Ends the exchange now: with the part of the response that has come, or with `failure` if the status has not come
   * yet.
   */
  cut(failure: SendFailure): void {
    if (this.#status === undefined) this.#fail(failure);
    else this.#succeed(this.#status, true);
  }

  cutTooLarge(): void {
    this.cut(tooLarge());
  }

  onRequestStart(): void {
    this.#isWritten = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#isSettled) return;
    // A 1xx status only announces the response (103 Early Hints). 101 would switch to another protocol, which nobody
    // asked for.
    if (status >= 100 && status < 200 && status !== 101) return;
    if (status < 200 || status > 599) {
      this.#fail(new SendFailure('INVALID_RESPONSE', `the response has the status ${status}`, status));
      controller.abort(new errors.RequestAbortedError());
      return;
    }
    const headers = readHeaders(controller.rawHeaders);
    if (headers === undefined) {
      this.#fail(tooLarge());
      controller.abort(new errors.RequestAbortedError());
      return;
    }
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#status === undefined || this.#isSettled) return;
    if (this.#bodyBytes < this.#limits.keptResponseBytes) this.#body.push(chunk);
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= this.#limits.maxResponseBytes) return;
    this.#succeed(this.#status, true);
    controller.abort(new errors.RequestAbortedError());
  }

  onResponseEnd(): void {
    if (this.#status !== undefined) this.#succeed(this.#status, false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isWritten) this.cut(responseFailure(error));
    else if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
      this.#fail(new SendFailure('CONNECTION_FAILED', 'the request could not be built from its headers'));
    } else this.#fail(new UnsentRequest());
  }

  #succeed(status: number, isCut: boolean): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#resolve({ status, headers: this.#headers, body: this.#keptBody(), isCut });
  }

  #fail(error: SendFailure | UnsentRequest): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#reject(error);
  }

  #keptBody(): string {
    const [first, ...rest] = this.#body;
    if (first === undefined) return '';
    const bytes = rest.length === 0 ? first : Buffer.concat(this.#body);
    return storable(bytes.toString('utf8', 0, this.#limits.keptResponseBytes));
  }
}

/** The headers as names and values. Undefined if they are too large. */
function readHeaders(
  raw: Dispatcher.DispatchController['rawHeaders'],
): readonly ResponseHeader[] | undefined {
  const headers: ResponseHeader[] = [];
  if (!Array.isArray(raw)) return headers;
  let bytes = 0;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = text(raw[index]);
    const value = text(raw[index + 1]);
    bytes += name.length + value.length + BYTES_BETWEEN_HEADERS;
    if (bytes > MAX_HEADER_BYTES) return undefined;
    headers.push({ name: name.toLowerCase(), value: storable(value) });
  }
  return headers;
}

function text(bytes: unknown): string {
  return Buffer.isBuffer(bytes) ? bytes.toString('latin1') : String(bytes);
}

/** U+0000 is valid UTF-8, but no text column can hold it: a receiver must not be able to break the record. */
function storable(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}

function tooLarge(): SendFailure {
  return new SendFailure('RESPONSE_TOO_LARGE', 'the headers of the response are too large');
}

function responseFailure(error: Error): SendFailure {
  // The peer ended the connection; undici has a separate code for a clean end.
  const isClosed = error instanceof errors.SocketError && /closed$/.test(error.message);
  if (isClosed || ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT'].includes(errorCode(error))) {
    return new SendFailure('CONNECTION_RESET', 'the connection ended before the response');
  }
  // A parser error, status 101, or an assertion in undici that failed on a strange response.
  return new SendFailure('INVALID_RESPONSE', 'the response is not valid HTTP/1.1');
}
