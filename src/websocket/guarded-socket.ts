import { type RawData, WebSocket } from 'ws';

/** What a guard is told of its socket. */
export type SocketListener = Readonly<{
  receive(data: RawData, isBinary: boolean): void;
  receiveControlFrame(bytes: number): void;
  hasClosed(code: number, reason: string): void;
}>;

/** A socket knows its guard, so that the listeners are the same functions for all sockets. */
export class GuardedSocket extends WebSocket {
  guard: SocketListener | undefined;
}

export function listenTo(socket: GuardedSocket, guard: SocketListener): void {
  socket.guard = guard;
  socket.on('ping', onControlFrame);
  socket.on('pong', onControlFrame);
  socket.on('message', onMessage);
  // For an oversized message or a broken frame, ws itself closes with the right code.
  socket.on('error', ignore);
  socket.on('close', onClose);
}

const guardOf = (socket: WebSocket) => (socket instanceof GuardedSocket ? socket.guard : undefined);

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  guardOf(this)?.receive(data, isBinary);
}

function onControlFrame(this: WebSocket, data: Buffer): void {
  guardOf(this)?.receiveControlFrame(data.length);
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  guardOf(this)?.hasClosed(code, reason.toString());
}

const ignore = () => undefined;
