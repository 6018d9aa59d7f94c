import { RequestError } from '../errors.ts';

/** The limit for all bodies and messages of one holder that are in memory at the same time: eight of 4 MiB. */
const maxBytesAtOnce = 8 * 4 * 1024 * 1024;
/** Smaller bodies are not counted. The limits for connections are enough for them. */
const smallBytes = 65_536;
const retryAfterSeconds = 1;

/**
 * Counts the bytes of requests that arrive, or wait until they are parsed, and limits them for each holder. Otherwise
 * one caller could fill the memory by sending a large body over each of a thousand connections, and never its end.
 */
export class BodyBytes {
  readonly #onRefused: () => void;
  readonly #byHolder = new Map<string, number>();

  constructor({ onRefused }: { onRefused: () => void }) {
    this.#onRefused = onRefused;
  }

  /** The number of bytes of the holder that has the most. */
  get greatest(): number {
    return Math.max(0, ...this.#byHolder.values());
  }

  /** Begins to count one body. */
  open(holder: string): HeldBytes {
    return new HeldBytes(this, holder);
  }

  /** A body's own: it has so many bytes now, of which some were counted before. Throws RATE_LIMITED if they are too many. */
  count(holder: string, before: number, bytes: number): void {
    const others = (this.#byHolder.get(holder) ?? 0) - before;
    if (others + bytes > maxBytesAtOnce) {
      this.#onRefused();
      throw tooMuch();
    }
    if (others + bytes > 0) this.#byHolder.set(holder, others + bytes);
    else this.#byHolder.delete(holder);
  }
}

/** One body, or the messages of one socket. */
export class HeldBytes {
  readonly #all: BodyBytes;
  readonly #holder: string;
  #seen = 0;
  #counted = 0;

  constructor(all: BodyBytes, holder: string) {
    this.#all = all;
    this.#holder = holder;
  }

  /** Throws RATE_LIMITED if these bytes are too many. */
  add(bytes: number): void {
    this.#seen += bytes;
    if (this.#seen <= smallBytes) return;
    this.#all.count(this.#holder, this.#counted, this.#seen);
    this.#counted = this.#seen;
  }

  /** Forgets the body, which has been parsed or dropped. */
  release(): void {
    this.#seen = 0;
    if (this.#counted === 0) return;
    this.#all.count(this.#holder, this.#counted, 0);
    this.#counted = 0;
  }
}

const tooMuch = () =>
  new RequestError(
    'RATE_LIMITED',
    `Requests with at most ${maxBytesAtOnce} bytes together may be sent at the same time. Wait for an answer first.`,
    { limit: maxBytesAtOnce, retryAfterSeconds },
  );
