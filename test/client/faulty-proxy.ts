import { once } from 'node:events';
import net from 'node:net';

/** The faults on the way to the server. */
export type Fault = Readonly<{
  /** Each connection is cut after this time. */
  cutAfterMs?: number;
  delayMs?: number;
  /** Every piece is sent in two parts. */
  split?: boolean;
}>;

/** A TCP proxy before a server, whose faults change as it runs. `target` may move, as behind a load balancer. */
export async function startFaultyProxy(target: () => string) {
  let fault: Fault = {};
  const sockets = new Set<net.Socket>();
  const silent = new WeakSet<net.Socket>();
  let connections = 0;
  const server = net.createServer((client) => {
    connections += 1;
    const { hostname, port } = new URL(target());
    const upstream = net.connect(Number(port), hostname);
    const timers: NodeJS.Timeout[] = [];
    const end = () => {
      for (const timer of timers) clearTimeout(timer);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    carry(client, upstream);
    carry(upstream, client);
    if (fault.cutAfterMs !== undefined) timers.push(setTimeout(end, fault.cutAfterMs));

    function carry(from: net.Socket, to: net.Socket): void {
      let sent: Promise<unknown> = Promise.resolve();
      from.on('data', (bytes) => {
        const { delayMs = 0, split = false } = fault;
        const middle = split ? Math.ceil(bytes.length / 2) : bytes.length;
        const due = performance.now() + delayMs;
        for (const piece of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
          if (piece.length === 0) continue;
          sent = sent
            .then(() => new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now()))))
            .then(() => write(piece));
        }
      });
      function write(piece: Buffer): void {
        if (silent.has(from) || to.destroyed || to.write(piece)) return;
        from.pause();
        to.once('drain', () => from.resume());
      }
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    connections: () => connections,
    /** Applies to connections from now on. `cutAfterMs` does not affect open connections. */
    set(next: Fault) {
      fault = next;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    /** Open connections no longer transfer anything in either direction, but stay open. */
    silence() {
      for (const socket of sockets) silent.add(socket);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
