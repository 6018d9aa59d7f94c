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
    let seen = 0;
    let counted = 0;
    return {
      add: (bytes) => {
        seen += bytes;
        if (seen <= smallBytes) return;
        const others = (this.#byHolder.get(holder) ?? 0) - counted;
        if (others + seen > maxBytesAtOnce) {
          this.#onRefused();
          throw tooMuch();
        }
        counted = seen;
        this.#byHolder.set(holder, others + counted);
      },
      release: () => {
        const left = (this.#byHolder.get(holder) ?? 0) - counted;
        if (left > 0) this.#byHolder.set(holder, left);
        else this.#byHolder.delete(holder);
        seen = 0;
        counted = 0;
      },
    };
  }
}

export type HeldBytes = Readonly<{
  /** Throws RATE_LIMITED if these bytes are too many. */
  add(bytes: number): void;
  /** Forgets the body, which has been parsed or dropped. */
  release(): void;
}>;

const tooMuch = () =>
  new RequestError(
    'RATE_LIMITED',
    `Requests with at most ${maxBytesAtOnce} bytes together may be sent at the same time. Wait for an answer first.`,
    { limit: maxBytesAtOnce, retryAfterSeconds },
  );
