import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { LogBounds, LogChange, LogPage, LogPoint } from './read-log.ts';
import { Ring } from './ring.ts';

/** Changes a read. */
const pageSize = 500;
/** Between two reads of one owner, unless the first left something over: a busy log is read in bundles. */
const restMs = 2;

/** How one owner's log is read. */
export type LogSource = Readonly<{
  head(): Promise<LogBounds & { point: LogPoint }>;
  page(point: LogPoint, limit: number): Promise<LogPage>;
}>;

/**
 * Follows one owner's log for all its subscribers in this process: each change is read once and kept in a ring for
 * a while. Begins at the head; whoever wants what lies before reads the table itself.
 *
 * It is woken, never asked to wait: any number of `wake()` during a read make one more read. A read that fails
 * changes nothing and is not repeated here: the hub's poll wakes it again, for as long as there are subscribers. A
 * log that lost what comes next, or that is shorter than it was (a restored backup), makes it begin anew at the head:
 * each subscriber then finds out by its own read of the table that it cannot go on.
 */
export class OwnerReader {
  readonly ownerId: string;
  readonly #source: LogSource;
  readonly #inTurn: <T>(read: () => Promise<T>) => Promise<T>;
  readonly #logger: Logger;
  readonly #onFailure: (error: unknown) => void;
  readonly #ring: Ring;
  readonly #watchers = new Set<() => void>();
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
    logger: Logger;
    ringSize: number;
    onFailure: (error: unknown) => void;
  }) {
    this.ownerId = options.ownerId;
    this.#source = options.source;
    this.#inTurn = options.inTurn;
    this.#logger = options.logger;
    this.#ring = new Ring(options.ringSize);
    this.#onFailure = options.onFailure;
  }

  /** The position up to which it has read; undefined until it knows the head. */
  get covered(): number | undefined {
    return this.#point?.position;
  }

  /** The newest position that it has seen or was told of. */
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

  /** `listener` is called whenever `covered` has changed. */
  watch(listener: () => void): void {
    this.#watchers.add(listener);
  }

  unwatch(listener: () => void): void {
    this.#watchers.delete(listener);
  }

  /** What the poll saw: another head than ours, in either direction, is a reason to look. */
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
      // Not in a later tick: a wake() in between would find a reading that no longer looks.
      this.#reading = undefined;
    }
  }

  /** One read. True where there is more at once. */
  async #advance(): Promise<boolean> {
    if (this.#point === undefined) {
      await this.#beginAtHead();
      return false;
    }
    try {
      const page = await this.#source.page(this.#point, pageSize);
      this.#head = page.head;
      const last = page.changes.at(-1);
      if (last === undefined) return false;
      this.#ring.append(page.changes);
      this.#point = { position: last.position, since: last.occurredAt };
      this.#announce();
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
    const { head, point } = await this.#source.head();
    this.#head = head;
    this.#point = point;
    this.#ring.reset(head);
    this.#announce();
  }

  #announce(): void {
    for (const listener of this.#watchers) listener();
  }
}
