import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

type Message = { id?: string; type: string; payload?: unknown };

/** A WebSocket that sends exactly what a test wants, and keeps what it receives. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly heard: Message[] = [];
  readonly #closed: Promise<{ code: number; reason: string }>;
  #onMessage: (() => void)[] = [];

  constructor(url: string, options: ClientOptions & { protocol?: string } = {}) {
    const { protocol = 'graphql-transport-ws', ...rest } = options;
    this.socket = new WebSocket(url, protocol, rest);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      this.heard.push(JSON.parse(String(data)));
      for (const look of this.#onMessage.splice(0)) look();
    });
    this.#closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  async open(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open');
    return this;
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message that matches, received already or later. */
  hear(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.heard.find(fits);
        if (found === undefined) this.#onMessage.push(look);
        else resolve(found);
      };
      look();
    });
  }

  closed(): Promise<{ code: number; reason: string }> {
    return this.#closed;
  }
}

/** Connects, and resolves when the connection is acknowledged. */
export async function connectAs(token: string, url: string): Promise<RawSocket> {
  const socket = await new RawSocket(url).open();
  socket.say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  await socket.hear(({ type }) => type === 'connection_ack');
  return socket;
}

export const subscribeTo = (id: string, query: string, variables?: object) => ({
  id,
  type: 'subscribe',
  payload: { query, ...(variables === undefined ? {} : { variables }) },
});
