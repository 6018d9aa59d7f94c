import type { Connection } from './connection.ts';

/**
 * The most idle connections, over all origins together. Beyond this the one that has been idle for the longest time is
 * closed. Without a common limit ten thousand endpoints would hold ten thousand sockets, each some 50 KB with TLS.
 */
const MAX_IDLE_CONNECTIONS = 512;

/** The idle connections by origin. A connection that is taken out belongs to the taker until it is given back. */
export class ConnectionPool {
  readonly #byOrigin = new Map<string, Connection[]>();
  /** All idle connections, in the order in which they became idle. */
  readonly #idle = new Set<Connection>();
  #isClosed = false;

  /** The connection of this origin that was used last: it is the least likely to be about to close. */
  take(origin: string): Connection | undefined {
    for (let found = this.#byOrigin.get(origin)?.at(-1); found; found = this.#byOrigin.get(origin)?.at(-1)) {
      this.#remove(found);
      if (found.isReusable) return found;
      found.destroy();
    }
    return undefined;
  }

  give(connection: Connection): void {
    if (this.#isClosed || !connection.isReusable) {
      connection.destroy();
      return;
    }
    const siblings = this.#byOrigin.get(connection.origin);
    if (siblings === undefined) this.#byOrigin.set(connection.origin, [connection]);
    else siblings.push(connection);
    this.#idle.add(connection);
    if (this.#idle.size <= MAX_IDLE_CONNECTIONS) return;
    const [oldest] = this.#idle;
    if (oldest !== undefined) this.discard(oldest);
  }

  /** Closes a connection, idle or not, and removes it from the pool. */
  discard(connection: Connection): void {
    this.#remove(connection);
    connection.destroy();
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle) this.discard(connection);
  }

  #remove(connection: Connection): void {
    if (!this.#idle.delete(connection)) return;
    const siblings = this.#byOrigin.get(connection.origin) ?? [];
    siblings.splice(siblings.lastIndexOf(connection), 1);
    if (siblings.length === 0) this.#byOrigin.delete(connection.origin);
  }
}
