import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badUserInput, RequestError } from '../errors.ts';
import type { HeldBytes } from './body-bytes.ts';

/** The limit for the body of every request, as transferred. */
export const maxBodyBytes = 4 * 1024 * 1024;

/** How long the rest of a refused body is read and dropped, so that the client gets to read the refusal. */
const lingerMs = 2_000;

/**
 * Reads the whole body as UTF-8; any other encoding is BAD_USER_INPUT. Throws PAYLOAD_TOO_LARGE as soon as the body
 * is known to be too large, with or without a content-length. A caller with a lower limit gives its own error as
 * `refuse`. The bytes are counted in `held` as they arrive.
 */
export async function readBody(
  request: IncomingMessage,
  held: Pick<HeldBytes, 'add'>,
  { limit, refuse }: { limit: number; refuse: () => RequestError } = {
    limit: maxBodyBytes,
    refuse: tooLarge,
  },
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge();
  let bytes = 0;
  const body = await collect(request, (chunk) => {
    bytes += chunk.length;
    if (bytes > limit) throw refuse();
    held.add(chunk.length);
  });
  // Without this check, invalid UTF-8 would be altered silently.
  if (!isUtf8(body)) throw badUserInput('The body is not valid UTF-8.');
  return body;
}

/**
 * All bytes. `onChunk` sees each part first; if it throws, the rest stays unread and the connection open. An iterator
 * over the request would do the same, for several times the work and a few more turns of the queue.
 */
function collect(request: IncomingMessage, onChunk: (chunk: Buffer) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const stop = () => {
      request.off('data', onData).off('end', onEnd).off('error', fail).off('close', onClose);
    };
    const fail = (error: unknown) => {
      stop();
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      try {
        onChunk(chunk);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = () => {
      stop();
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    };
    const onClose = () => fail(new Error('The client has left before its request was complete.'));
    if (request.destroyed) onClose();
    else request.on('data', onData).on('end', onEnd).on('error', fail).on('close', onClose);
  });
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
