import { once } from 'node:events';
import net from 'node:net';

/**
 * The connections from the program to its database, which fail like networks do: sockets are reset, transfer nothing
 * any more, are slow, or die between a commit and its answer.
 */
type Link = { client: net.Socket; upstream: net.Socket; isSwallowing: boolean; isReset: boolean };

/** `Z`, length 5, idle: the server has answered, and no transaction is open. */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

export class Network {
  /** The delay added to each answer of the server. */
  latencyMs = 0;
  readonly #server: net.Server;
  readonly #targetPort: () => number;
  readonly #links = new Set<Link>();
  #trap: { statements: readonly string[]; left: number } | undefined;

  private constructor(targetPort: () => number) {
    this.#targetPort = targetPort;
    this.#server = net.createServer((client) => this.#connect(client));
  }

  static async start(targetPort: () => number): Promise<Network> {
    const network = new Network(targetPort);
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return network;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Open sockets no longer transfer anything and stay open. New ones work. */
  swallow(): void {
    for (const link of this.#links) link.isSwallowing = true;
  }

  /** Ends the sockets that transfer nothing, on both sides. */
  reset(): void {
    for (const link of this.#links) cut(link);
  }

  /**
   * The next `times` that the server has executed, and so committed, one of the named statements, the socket is reset
   * instead of transferring the answer.
   */
  loseAnswersTo(statements: readonly string[], times: number): void {
    this.#trap = { statements: statements.map((name) => `heliograph_${name}`), left: times };
  }

  /** The number of answers that are still to be lost. */
  get answersToLose(): number {
    return this.#trap?.left ?? 0;
  }

  async close(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: net.Socket): void {
    const upstream = net.connect(this.#targetPort(), '127.0.0.1');
    const link: Link = { client, upstream, isSwallowing: false, isReset: false };
    let isTrapped = false;
    this.#links.add(link);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => {
      if (link.isSwallowing) return;
      if (this.#trap !== undefined && this.#trap.left > 0 && names(chunk, this.#trap.statements)) {
        this.#trap.left -= 1;
        isTrapped = true;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (link.isSwallowing) return;
      if (isTrapped) {
        if (chunk.includes(readyForQuery)) cut(link);
        return;
      }
      if (this.latencyMs === 0) client.write(chunk);
      else setTimeout(() => client.write(chunk), this.latencyMs);
    });
    client.on('close', () => {
      // A server behind a dead network does not notice that its client is gone.
      if (!link.isSwallowing || link.isReset) upstream.destroy();
    });
    upstream.on('close', () => {
      this.#links.delete(link);
      if (!link.isSwallowing) client.destroy();
    });
  }
}

/** Whether it executes one of the statements: by its name, or by its text, whose first line is the name. */
const names = (chunk: Buffer, statements: readonly string[]) =>
  statements.some((name) => chunk.includes(`${name}\0`) || chunk.includes(`${name}\n`));

function cut(link: Link): void {
  link.isReset = true;
  link.client.resetAndDestroy();
  link.upstream.destroy();
}
