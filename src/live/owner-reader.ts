import { setTimeout as delay } from 'node:timers/promises';
import { databaseNow } from '../clock.ts';
import { RequestError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Frame } from './frame-traces.ts';
import type { LogBounds, LogChange, LogPage, LogPoint } from './read-log.ts';
import { Ring } from './ring.ts';
import { SharedBatches } from './shared-batches.ts';

/** The limit for changes in one read. */
const pageSize = 500;
/**
 * The time between two reads of one owner, unless the first read left something over. So a busy log is read in
 * batches.
 */
const restMs = 2;

/** Is told how old the oldest change of a read was, in seconds, and what was read for whom. */
export type OnRead = (seconds: number, frame: Frame) => void;

type Watcher = Readonly<{ moved(): void }>;

/** How one owner's log is read. */
export type LogSource = Readonly<{
  head(): Promise<LogBounds & { point: LogPoint }>;
  page(point: LogPoint, limit: number): Promise<LogPage>;
}>;

/**
 * Follows one owner's log for all its subscribers in this process. Each change is read once and kept in a ring for a
 * while. It begins at the head; a subscriber that needs earlier changes reads the table itself.
 *
 * It never blocks: any number of `wake()` calls during a read cause one more read. A failed read changes nothing and
 * is not repeated here, because the hub's poll wakes the reader again as long as there are subscribers. If the next
 * changes are missing, or the log is shorter than before (after a restored backup), it begins again at the head. Each
 * subscriber then finds out by its own read of the table that it cannot continue.
 */
export class OwnerReader {
  readonly ownerId: string;
  readonly batches = new SharedBatches();
  readonly source: LogSource;
  /** Runs a read of a subscriber that catches up, when it is this owner's turn. */
  readonly catchUpInTurn: <T>(read: () => Promise<T>) => Promise<T>;
  readonly #inTurn: <T>(read: () => Promise<T>) => Promise<T>;
  readonly #logger: Logger;
  readonly #onFailure: (error: unknown) => void;
  readonly #onRead: OnRead | undefined;
  readonly #ring: Ring;
  readonly #watchers = new Set<Watcher>();
  #point: LogPoint | undefined;
  #head = 0;
  #isDue = false;
  #reading: Promise<void> | undefined;
  #stopped = false;

  constructor(options: {
    ownerId: string;
    source: LogSource;
    /** Runs a read when it is this owner's turn. */
    inTurn: <T>(read: () => Promise<T>) => Promise<T>;
    catchUpInTurn: <T>(read: () => Promise<T>) => Promise<T>;
    logger: Logger;
    ringSize: number;
    onRead: OnRead | undefined;
    onFailure: (error: unknown) => void;
  }) {
    this.ownerId = options.ownerId;
    this.source = options.source;
    this.#inTurn = options.inTurn;
    this.catchUpInTurn = options.catchUpInTurn;
    this.#logger = options.logger;
    this.#ring = new Ring(options.ringSize);
    this.#onFailure = options.onFailure;
    this.#onRead = options.onRead;
  }

  /** The position up to which it has read; undefined until it knows the head. */
  get covered(): number | undefined {
    return this.#point?.position;
  }

  /** The newest position that it has read or was told of. */
  get head(): number {
    return this.#head;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** A recent change by its position. */
  recent(position: number): LogChange | undefined {
    return this.#ring.at(position);
  }

  /** The watcher is told whenever `covered` has changed. */
  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Takes the head that the poll read. If it differs from ours in either direction, there is a reason to read. */
  compare(head: number): void {
    if (head !== this.#point?.position) this.wake();
  }

  /** There may be something new. */
  wake(): void {
    if (this.#stopped) return;
    this.#isDue = true;
    this.#reading ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.batches.clear();
    await this.#reading;
  }

  async #follow(): Promise<void> {
    try {
      while (this.#isDue && !this.#stopped) {
        this.#isDue = false;
        if (await this.#inTurn(() => this.#advance())) this.#isDue = true;
        else if (this.#isDue) await delay(restMs);
      }
    } catch (error) {
      this.#onFailure(error);
    } finally {
      // This must not happen in a later tick, because a wake() in between would find a read that no longer looks.
      this.#reading = undefined;
    }
  }

  /** Reads once. Returns true if there is more to read at once. */
  async #advance(): Promise<boolean> {
    if (this.#point === undefined) {
      await this.#beginAtHead();
      return false;
    }
    try {
      const from = Date.now();
      const page = await this.source.page(this.#point, pageSize);
      this.#head = page.head;
      const last = page.changes.at(-1);
      if (last === undefined) return false;
      const age = databaseNow() - (page.changes[0] ?? last).occurredAt.getTime();
      this.#ring.append(page.changes);
      this.#point = { position: last.position, since: last.occurredAt };
      this.#announce();
      const { ownerId, watcherCount: subscribers } = this;
      this.#onRead?.(age / 1_000, { ownerId, changes: page.changes, subscribers, from, to: Date.now() });
      return last.position < page.head;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#logger.error(
        { ownerId: this.ownerId, after: this.covered, code: error.code },
        'the live log is not continuous',
      );
      await this.#beginAtHead();
      return false;
    }
  }

  async #beginAtHead(): Promise<void> {
    const { head, point } = await this.source.head();
    this.#head = head;
    this.#point = point;
    this.#ring.reset(head);
    this.#announce();
  }

  #announce(): void {
    for (const watcher of this.#watchers) watcher.moved();
  }
}
