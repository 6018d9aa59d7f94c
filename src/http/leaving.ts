import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What to do when the client at the other end of a connection has gone, for each of its requests that is unanswered. */
const onGone = new WeakMap<Socket, Set<() => void>>();

/**
 * Aborted when the client of a request has gone, or has been answered. One that closes its half of the connection has
 * gone, too: Node closes the other half then, and only what waits to be written would keep it. The connection is asked,
 * and not the answer alone: of an answer that waits behind another one on the same connection Node says nothing.
 */
export function leavingOf({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  const unanswered = onGone.get(socket) ?? watch(socket);
  unanswered.add(leave);
  response.once('close', () => {
    unanswered.delete(leave);
    leave();
  });
  if (response.destroyed || socket.destroyed) leave();
  return leaving.signal;
}

/** One pair of listeners for a connection, however many requests are on it. */
function watch(socket: Socket): Set<() => void> {
  const unanswered = new Set<() => void>();
  onGone.set(socket, unanswered);
  const tell = () => {
    for (const leave of unanswered) leave();
  };
  socket.once('end', tell);
  socket.once('close', tell);
  return unanswered;
}
