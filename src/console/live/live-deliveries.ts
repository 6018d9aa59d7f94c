import { GapError, PositionAheadError, PositionExpiredError } from '../../client/errors.ts';
import type { Log, LogState } from '../../client/log.ts';
import type { DeliveryFilter } from '../deliveries/generated/graphql.ts';
import {
  addPage,
  applyChanges,
  type Change,
  type DeliveryTable,
  expectPage,
  forgetPage,
  oldestEnded,
  type Page,
  startTable,
} from './delivery-table.ts';

type PageVariables = Readonly<{ filter: DeliveryFilter; first: number; after?: string | undefined }>;
type LogOptions = Readonly<{
  after: number;
  filter: DeliveryFilter;
  signal: AbortSignal;
  onState: (state: LogState) => void;
}>;

/** The source of deliveries: pages of the API, and its log. */
export type DeliverySource = Readonly<{
  /** Throws if the page cannot be read. */
  readPage(variables: PageVariables): Promise<Page>;
  openLog(options: LogOptions): Pick<Log<Change>, 'nextBatch' | 'head' | 'state'>;
  /** The ids among these that still exist. */
  findThere(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Calls back when it is time to show new changes. */
  nextFrame(show: () => void): void;
  /** The time between two checks whether rows were purged; by default 10 s. */
  lookEveryMs?: number;
}>;

/** `still` means that the table does not follow the log. */
export type ViewState = LogState | 'still';

export type Snapshot = Readonly<{
  table: DeliveryTable | undefined;
  state: ViewState;
  /** Why there is no table, or why the log ended. */
  error: unknown;
  isLoadingMore: boolean;
}>;

/**
 * Whether a filter asks what attempts were answered. The log tells of the last answer alone, and of no error, so such a
 * list is read and does not change by itself.
 */
const isAboutAttempts = ({ responseStatus, errorContains }: DeliveryFilter) =>
  responseStatus != null || errorContains != null;

const laterPage = 100;
const mostChanges = 500;
const askAgainMs = 2_000;
const lookEveryMs = 10_000;
const mostIds = 100;

/**
 * The deliveries that a filter matches, as they change: one page, the log from where the page stands, and more pages as
 * they are asked for. The state is `live` only while everything that is known of the log is in the table that is shown.
 *
 * If the log cannot be resumed, has a gap, or rows were purged, everything is read again. The old
 * rows stay in sight until then, under the state `catching up`.
 */
export class LiveDeliveries {
  readonly #source: DeliverySource;
  readonly #filter: DeliveryFilter;
  readonly #first: number;
  readonly #listeners = new Set<() => void>();
  #round = new AbortController();
  #log: ReturnType<DeliverySource['openLog']> | undefined;
  #waiting: Change[] = [];
  #position = 0;
  #isFramePlanned = false;
  #snapshot: Snapshot = { table: undefined, state: 'catching up', error: undefined, isLoadingMore: false };

  constructor(source: DeliverySource, filter: DeliveryFilter, first: number) {
    this.#source = source;
    this.#filter = filter;
    this.#first = first;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins, or reads everything again if it has begun before. */
  start(): void {
    this.stop();
    this.#round = new AbortController();
    this.#show({ state: 'catching up', error: undefined, isLoadingMore: false });
    void this.#run(this.#round.signal);
  }

  stop(): void {
    this.#round.abort();
    this.#log = undefined;
    this.#waiting = [];
  }

  async loadMore(): Promise<void> {
    const { signal } = this.#round;
    const { table } = this.#snapshot;
    if (table?.next === undefined || table.kept !== undefined) return;
    const { after, createdBefore } = table.next;
    const filter = createdBefore === undefined ? this.#filter : { ...this.#filter, createdBefore };
    this.#show({ table: expectPage(table), isLoadingMore: true });
    const page = await this.#source.readPage({ filter, first: laterPage, after }).catch(() => undefined);
    const now = this.#snapshot.table;
    if (signal.aborted || now === undefined) return;
    this.#show({ table: page === undefined ? forgetPage(now) : addPage(now, page), isLoadingMore: false });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const page = await this.#firstPage(signal);
    if (page === undefined) return;
    const { status, ...unchanging } = this.#filter;
    this.#position = page.logPosition;
    this.#show({ table: startTable(page, status ?? undefined), error: undefined });
    if (isAboutAttempts(this.#filter)) return this.#show({ state: 'still' });
    const everyMs = this.#source.lookEveryMs ?? lookEveryMs;
    const looking = setInterval(() => void this.#lookForPurged(signal), everyMs);
    signal.addEventListener('abort', () => clearInterval(looking), { once: true });
    try {
      const log = this.#source.openLog({
        after: page.logPosition,
        filter: unchanging,
        signal,
        onState: () => {
          if (!signal.aborted) this.#showState();
        },
      });
      this.#log = log;
      for (;;) {
        const batch = await log.nextBatch(mostChanges);
        if (batch === undefined || signal.aborted) return;
        this.#waiting.push(...batch.changes);
        this.#position = batch.position;
        this.#planFrame(signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isLost(error)) return this.start();
      this.stop();
      this.#show({ state: 'reconnecting', error });
    }
  }

  /** Tries until a page has been read. Undefined if it is not needed any more. */
  async #firstPage(signal: AbortSignal): Promise<Page | undefined> {
    for (;;) {
      try {
        const page = await this.#source.readPage({ filter: this.#filter, first: this.#first });
        return signal.aborted ? undefined : page;
      } catch (error) {
        if (signal.aborted) return undefined;
        this.#show({ state: 'reconnecting', error });
      }
      await new Promise((resolve) => setTimeout(resolve, askAgainMs));
      if (signal.aborted) return undefined;
    }
  }

  async #lookForPurged(signal: AbortSignal): Promise<void> {
    const { table } = this.#snapshot;
    const ids = table === undefined ? [] : oldestEnded(table).slice(0, mostIds);
    if (ids.length === 0) return;
    const there = await this.#source.findThere(ids).catch(() => undefined);
    if (signal.aborted || there === undefined) return;
    if (ids.some((id) => !there.has(id))) this.start();
  }

  #planFrame(signal: AbortSignal): void {
    if (this.#isFramePlanned) return;
    this.#isFramePlanned = true;
    this.#source.nextFrame(() => {
      this.#isFramePlanned = false;
      const { table } = this.#snapshot;
      if (signal.aborted || table === undefined) return;
      const changes = this.#waiting;
      this.#waiting = [];
      this.#show({
        table: applyChanges(table, changes, this.#position),
        state: this.#stateAt(this.#position),
      });
    });
  }

  #showState(): void {
    const { table } = this.#snapshot;
    if (table !== undefined) this.#show({ state: this.#stateAt(table.position) });
  }

  /** Changes that have arrived but are not in the table yet. */
  #stateAt(position: number): LogState {
    const { state, head } = this.#log ?? { state: 'catching up', head: 0 };
    return state === 'live' && (position < head || this.#waiting.length > 0) ? 'catching up' : state;
  }

  #show(changed: Partial<Snapshot>): void {
    const next = { ...this.#snapshot, ...changed };
    // Whatever else has changed: it is live only if the table has all that is known of the log.
    const isLive = next.state === 'live' && next.table !== undefined;
    this.#snapshot = isLive ? { ...next, state: this.#stateAt(next.table?.position ?? 0) } : next;
    for (const listener of this.#listeners) listener();
  }
}

/** The log cannot be resumed from here, so everything must be read again. */
const isLost = (error: unknown) =>
  error instanceof PositionExpiredError || error instanceof PositionAheadError || error instanceof GapError;
