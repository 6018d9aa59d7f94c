import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A receiver made of a bare socket, so that it can send what no HTTP server would. */
export class RawReceiver {
  /** All connections that it has accepted. */
  readonly sockets: Socket[] = [];
  /** Everything that it has received, over all connections. */
  received = '';
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * `behave` is called with each connection. With the `host` `::` or `0.0.0.0` it also listens on addresses other
   * than 127.0.0.1.
   */
  static async start(behave: (socket: Socket) => void, host = '127.0.0.1'): Promise<RawReceiver> {
    const server = createServer();
    const receiver = new RawReceiver(server);
    server.on('connection', (socket) => {
      receiver.sockets.push(socket);
      socket.on('error', () => {});
      behave(socket);
    });
    server.listen(0, host);
    await once(server, 'listening');
    return receiver;
  }

  /** Answers the first bytes of each request with `response`, and keeps the connection open. */
  static answering(response: string | Buffer): Promise<RawReceiver> {
    const receiver = RawReceiver.start((socket) => {
      socket.on('data', (chunk) => {
        void receiver.then((self) => {
          self.received += chunk.toString('latin1');
        });
        socket.write(response);
      });
    });
    return receiver;
  }

  get port(): number {
    return addressOf(this.#server).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** Resolves when the other side has closed every connection so far. */
  async allClosed(): Promise<void> {
    await Promise.all(this.sockets.map(closed));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver is not listening');
  return address;
}

function closed(socket: Socket): Promise<void> {
  // A socket that nobody reads does not notice that the other side has closed.
  socket.resume();
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}
