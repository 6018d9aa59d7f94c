import { randomUUID } from 'node:crypto';
import type { SocketCredential } from './socket-credential.ts';
import type { GuardOwner, SocketGuard } from './socket-guard.ts';

/** What the connections of a server have in common. */
export type ConnectionHost = Readonly<{
  answerPing(connection: Connection, payload: Record<string, unknown> | null | undefined): Promise<void>;
  /** Closes the socket, with the code that says why. */
  refuse(guard: SocketGuard, error: unknown): void;
  onError(error: unknown): void;
}>;

/** A client's connection, from its upgrade until it is closed. */
export class Connection implements GuardOwner {
  readonly guard: SocketGuard;
  readonly address: string;
  credential: SocketCredential | undefined = undefined;
  tenantHeader: string | undefined = undefined;
  /** Pending until the last fresh credential has been checked. */
  refreshing: Promise<void> | undefined = undefined;
  /** The protocol's part of the end. */
  ended: ((code: number, reason: string) => Promise<void>) | undefined = undefined;
  isGone = false;
  readonly #host: ConnectionHost;
  /** Called once the client has been authenticated. */
  #identified: (() => void) | undefined;
  #releases: readonly (() => void)[];
  #gone: AbortController | undefined;

  constructor(options: {
    guard: SocketGuard;
    host: ConnectionHost;
    address: string;
    identified: () => void;
    onEnd: () => void;
  }) {
    this.guard = options.guard;
    this.address = options.address;
    this.#host = options.host;
    this.#identified = options.identified;
    this.#releases = [options.onEnd];
  }

  /** Aborted when the client has left. Most operations do not ask for it. */
  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.isGone) this.#gone.abort();
    return this.#gone.signal;
  }

  identify(credential: SocketCredential, holder: string): void {
    this.credential = credential;
    this.#identified?.();
    this.#identified = undefined;
    this.guard.admit(holder);
    const { ending } = credential;
    if (ending.aborted) this.handleEvent();
    else ending.addEventListener('abort', this);
  }

  /** The credential's: it has ended. */
  handleEvent(): void {
    this.#host.refuse(this.guard, this.credential?.ending.reason);
  }

  /** Calls it when the connection is closed; at once if that has happened. */
  whenClosed(release: () => void): void {
    if (this.isGone) release();
    else this.#releases = [...this.#releases, release];
  }

  answerPing(payload: Record<string, unknown> | null | undefined): Promise<void> {
    return this.#host.answerPing(this, payload);
  }

  onClose(code: number, reason: string): void {
    Promise.resolve(this.ended?.(code, reason)).catch((error: unknown) => this.#host.onError(error));
  }

  /** The operations have been told. */
  release(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#gone?.abort();
    this.credential?.release();
    for (const release of this.#releases) release();
    this.#releases = [];
  }
}

/** A random UUID in one piece. Node joins it from twenty, which would stay apart, and take 700 bytes, until it is read. */
export function newRequestId(): string {
  const id = randomUUID();
  // Reading a character makes V8 join the pieces.
  id.charCodeAt(0);
  return id;
}
