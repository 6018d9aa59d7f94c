import { failureOf, Interruption } from './interruption.ts';
import { type Operation, type Result, readResult, reasonOf, request } from './post.ts';
import type { Settings } from './settings.ts';
import type { OpenStream } from './stream.ts';

/** The longest line that is accepted. It is far above what the server sends, and still fits into memory. */
const longestLine = 64 * 1_024 * 1_024;

/**
 * A subscription as server-sent events. The body is read as it is asked for, so a slow consumer holds the server back by
 * itself. The server sends a sign of life every 5 s: a stream that brings nothing for `silenceMs` is dead.
 */
export const openEventStream: OpenStream = (settings, operation, onOpen) => {
  const ending = new AbortController();
  let messages: AsyncGenerator<Result, undefined> | undefined;
  let isClosed = false;
  return {
    async next() {
      messages ??= read(settings, operation, { ending, onOpen });
      try {
        return (await messages.next()).value;
      } catch (error) {
        if (isClosed) return undefined;
        throw ending.signal.reason instanceof Interruption ? ending.signal.reason : error;
      }
    },
    close() {
      isClosed = true;
      ending.abort();
    },
  };
};

async function* read(
  settings: Settings,
  operation: Operation,
  { ending, onOpen }: { ending: AbortController; onOpen: () => void },
): AsyncGenerator<Result, undefined> {
  const { signal } = ending;
  const alive = watchSilence(settings.silenceMs, ending);
  try {
    const response = await request(settings, operation, { accept: 'text/event-stream', signal });
    const { body } = response;
    if (body === null || !isEventStream(response)) {
      const { errors = [] } = await readResult(response);
      throw failureOf(errors);
    }
    if (response.ok) onOpen();
    const reader = body.getReader();
    // Needed in addition to the signal, because Node's fetch sometimes ignores it once the response has begun, and
    // the connection stays open.
    signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
    const lines = new Lines();
    let isResult = false;
    for (;;) {
      alive.await();
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new Interruption(`The stream was cut: ${reasonOf(error)}.`);
      });
      alive.rest();
      signal.throwIfAborted();
      if (done) return undefined;
      for (const line of lines.of(value)) {
        if (line.startsWith('event:')) isResult = line.slice(6).trim() === 'next';
        if (line === 'event: complete') return undefined;
        if (isResult && line.startsWith('data:')) yield parse(line.slice(5));
      }
    }
  } finally {
    alive.rest();
    ending.abort();
  }
}

/** Aborts if the awaited value does not arrive in time. */
function watchSilence(silenceMs: number, ending: AbortController) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = () => clearTimeout(timer);
  const wait = () => {
    rest();
    timer = setTimeout(
      () => ending.abort(new Interruption(`No sign of life for ${silenceMs} ms.`)),
      silenceMs,
    );
  };
  wait();
  return { await: wait, rest };
}

const isEventStream = ({ headers }: Response) =>
  headers.get('content-type')?.startsWith('text/event-stream') === true;

function parse(text: string): Result {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new Interruption('A message of the stream is not whole.');
  }
}

/** Joins the received pieces to whole lines, wherever they were cut. */
class Lines {
  readonly #decoder = new TextDecoder();
  #pieces: string[] = [];
  #length = 0;

  *of(bytes: Uint8Array): Generator<string> {
    const text = this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = [...this.#pieces, text.slice(start, end)].join('');
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    const rest = text.slice(start);
    this.#length += rest.length;
    if (this.#length > longestLine) throw new Interruption('A line of the stream does not end.');
    if (rest !== '') this.#pieces.push(rest);
  }
}
