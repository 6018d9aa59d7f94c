import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badUserInput, RequestError } from '../errors.ts';

/** The limit for the body of every request, as transferred. */
export const maxBodyBytes = 4 * 1024 * 1024;

/** How long the rest of a refused body is read and dropped, so that the client gets to read the refusal. */
const lingerMs = 2_000;

/**
 * Reads the whole body as UTF-8; any other encoding is BAD_USER_INPUT. Throws PAYLOAD_TOO_LARGE as soon as the body
 * is known to be too large, with or without a content-length. A route with a lower limit gives its own error as
 * `refuse`.
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
  // Without this check, invalid UTF-8 would be altered silently.
  if (!isUtf8(body)) throw badUserInput('The body is not valid UTF-8.');
  return body;
}

/** Parsing and checking a body of 4 MiB keeps the process busy for up to a quarter of a second. */
const largeBytes = 262_144;
/** The shortest pause between two of them, which is time for a few round trips to the database. */
const leastGapMs = 5;

/**
 * Processes large bodies one after the other, with a pause between two as long as the first one took. So half of the
 * time is left for everything else, whatever is sent. Otherwise a hundred bodies that arrive together would be parsed
 * in one go, and small requests would wait for all of them.
 */
export function createTurns(): (body: Pick<Buffer, 'length'>) => Promise<void> {
  let next = Promise.resolve();
  return (body) => {
    if (body.length <= largeBytes) return Promise.resolve();
    const mine = next;
    next = mine.then(async () => {
      const startedAt = performance.now();
      // A body keeps its turn until the event loop has gone round.
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
 * Ends a connection whose request was refused before it was read completely. If it were closed at once, the client
 * would see a failed write and never the answer. So the rest is read and dropped for a moment.
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
