import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badUserInput, RequestError } from '../errors.ts';

/** Of every request, as it comes over the wire. */
export const maxBodyBytes = 4 * 1024 * 1024;

/** How long the rest of a refused body is read away, so that the client gets to read the refusal. */
const lingerMs = 2_000;

/**
 * The whole body, in UTF-8: BAD_USER_INPUT for any other. Throws PAYLOAD_TOO_LARGE as soon as it is known to be too large, with or without a content-length;
 * with a lower limit for some, what `refuse` makes.
 */
export async function readBody(
  request: IncomingMessage,
  { limit, refuse }: { limit: number; refuse: () => RequestError } = {
    limit: maxBodyBytes,
    refuse: tooLarge,
  },
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > limit) throw refuse();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, bytes);
  // Read as UTF-8 all the same, what is not would be altered without a word.
  if (!isUtf8(body)) throw badUserInput('The body is not valid UTF-8.');
  return body;
}

/** Parsing a body of 4 MiB and checking what it holds keeps the process busy for up to a quarter of a second. */
const largeBytes = 262_144;
/** Between two of them, at least: time for a few round trips to the database. */
const leastGapMs = 5;

/**
 * Lets large bodies pass one after the other, and leaves as much time between two as the first one took: whatever is
 * sent, half of the time is everybody else's. A hundred that arrive together would else be parsed in one go, and
 * whoever asks for little would wait for all of them.
 */
export function createTurns(): (body: Pick<Buffer, 'length'>) => Promise<void> {
  let next = Promise.resolve();
  return (body) => {
    if (body.length <= largeBytes) return Promise.resolve();
    const mine = next;
    next = mine.then(async () => {
      const startedAt = performance.now();
      // It has its time until the loop goes round.
      await new Promise((resolve) => setImmediate(resolve));
      const gapMs = Math.max(leastGapMs, performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, gapMs));
    });
    return mine;
  };
}

function tooLarge(): RequestError {
  return new RequestError('PAYLOAD_TOO_LARGE', `The request's body has more than ${maxBodyBytes} bytes.`, {
    limit: maxBodyBytes,
  });
}

/**
 * Ends a connection whose request was refused before all of it was read. Closed at once, the client would see its
 * own sending fail and never the answer; so what it still sends is read away for a moment.
 */
export function endUnread(
  request: IncomingMessage,
  response: ServerResponse,
  body: string | Uint8Array,
): void {
  response.setHeader('connection', 'close');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.once('end', end);
  request.once('close', end);
  request.resume();
}
