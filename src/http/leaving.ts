import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** One for all: an error of its own for each request would cost its stack trace. */
const left = new Error('The client has left or has been answered.');
/** The callbacks for a connection whose client leaves, one for each request without an answer. */
const onGone = new WeakMap<Socket, Set<() => void>>();

/**
 * A signal that is aborted when the client of a request has left or has been answered. A client that closes its half
 * of the connection has left, too: Node then closes the other half, and only pending writes would keep it open. It
 * watches the connection, because Node reports nothing for an answer that waits behind another one on the same
 * connection.
 */
export function leavingOf({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  const leave = () => leaving.abort(left);
  const unanswered = onGone.get(socket) ?? watch(socket);
  unanswered.add(leave);
  response.once('close', () => {
    unanswered.delete(leave);
    leave();
  });
  if (response.destroyed || socket.destroyed) leave();
  return leaving.signal;
}

/** One pair of listeners for each connection, however many requests it has. */
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
