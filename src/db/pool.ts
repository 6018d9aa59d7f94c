import {
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import pg from 'pg';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Tables } from '../tables.ts';
import { connectionOptions, engineTimeoutMs, pinSettings } from './direct-client.ts';
import { type Layout, plainLayout } from './layout.ts';
import { Hints } from './listen.ts';
import { placedStatementOf } from './placement.ts';
import { isPartitionMissing, isTransient } from './retry.ts';
import { Shares } from './shares.ts';
import { isPlanOutdated, onlyOnePlan, StatementNames, usualPlans } from './statement-names.ts';

/**
 * The connections to PostgreSQL. Only the files of this room make any.
 *
 * There are two pools: `engine` for the few statements that move deliveries, and `api` for everything that callers ask
 * for. So a storm of queries cannot keep results from being written. Both pools pin the settings that decide about
 * plans and times, so that a database with other defaults behaves the same:
 * - READ COMMITTED: under REPEATABLE READ the statement that settles would fail instead of seeing the current row.
 * - only plans by index, and no JIT: on tables that were never analysed the planner otherwise takes sequential scans
 *   (1,900 instead of 87,000 settles a second).
 * - `statement_timeout`, and `idle_in_transaction_session_timeout` for a process that was paused in a transaction.
 */
export type Database = Readonly<{
  engine: pg.Pool;
  api: pg.Pool;
  /** One separate connection, to find out whether the database answers, however busy the others are. */
  probe: pg.Pool;
  /** Typed queries on the pool `api`. */
  query: Kysely<Tables>;
  /**
   * The same database for one holder, for example a tenant: its queries use only a share of the pool's connections.
   * The holder is passed on, not kept in an AsyncLocalStorage, which in Node 20 makes every promise of the process
   * dearer.
   */
  heldBy(holder: string): Database;
  /** Tells other processes, and this one, what has changed. Used after the commit, never in a transaction. */
  hints: Hints;
  /** Whether statements are prepared by name. This fails through a pgbouncer older than 1.21 in transaction mode. */
  prepared: boolean;
  /** Makes the partitions that are missing. It never rejects. */
  makePartitions?: () => Promise<void>;
  /** Where the rows of the owners lie. */
  layout: Layout;
  /** Ends every connection. Safe to call twice. */
  close(): Promise<void>;
}>;

const apiTimeoutMs = 15_000;
const probeTimeoutMs = 2_000;
/** Views that are kept for the next request of their holder. */
const mostViews = 1_000;

export function openDatabase(options: {
  url: string;
  /** The URL that does not go through a pooler. By default the same as `url`. */
  directUrl?: string;
  logger: Logger;
  prepared: boolean;
  engineConnections: number;
  apiConnections: number;
  /** Makes the partitions for the time that the database has now. */
  makePartitions?: (pool: pg.Pool) => Promise<unknown>;
  /** As `findLayout` has found it; by default that of plain PostgreSQL. */
  layout?: Layout;
}): Database {
  const layout = options.layout ?? plainLayout;
  const connecting = { ...options, settings: layout.settings };
  const engine = openPool(connecting, options.engineConnections, engineTimeoutMs);
  const api = openPool(connecting, options.apiConnections, apiTimeoutMs);
  let making: Promise<void> | undefined;
  const makePartitions = () => {
    making ??= makeMissing(api, options).finally(() => {
      making = undefined;
    });
    return making;
  };
  const names = options.prepared && layout.keepsPlans ? new StatementNames() : undefined;
  const shares = new Shares(Math.max(1, Math.floor(options.apiConnections / 3)));
  const queries = (take: () => Promise<() => void>) =>
    new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: discardingBroken(api, { layout, names, take, makePartitions }) }),
    });
  const query = queries(async () => () => undefined);
  const probe = openPool(connecting, 1, probeTimeoutMs);
  const hints = new Hints({ ...options, url: options.directUrl ?? options.url });
  let closing: Promise<void> | undefined;
  const close = async () => {
    await hints.stop();
    await query.destroy();
    await Promise.all([engine.end(), api.end(), probe.end()]);
  };
  const views = new Map<string, Database>();
  const database: Database = {
    engine,
    api,
    probe,
    query,
    hints,
    prepared: options.prepared,
    makePartitions,
    layout,
    heldBy(holder) {
      const known = views.get(holder);
      if (known !== undefined) return known;
      if (views.size >= mostViews) views.clear();
      const view = { ...database, query: queries(() => shares.take(holder)) };
      views.set(holder, view);
      return view;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
  return database;
}

async function makeMissing(
  api: pg.Pool,
  { makePartitions, logger }: Pick<Parameters<typeof openDatabase>[0], 'makePartitions' | 'logger'>,
): Promise<void> {
  try {
    await makePartitions?.(api);
  } catch (error) {
    logger.error({ error: messageOf(error) }, 'partitions are missing and could not be made');
  }
}

/**
 * Kysely returns every connection to the pool as if it were healthy. A connection with a dead socket (for example after
 * a read timeout, when the network drops packets) has to be closed instead, or the pool fills with dead ones. `close`
 * ends the pool, because kysely ends it only if it has run a query.
 */
function discardingBroken(
  pool: pg.Pool,
  { take, ...rest }: WatchOptions & { take: () => Promise<() => void> },
): PostgresPool {
  return {
    async connect() {
      const giveBack = await take();
      try {
        return new WatchedClient(await pool.connect(), { ...rest, onRelease: giveBack });
      } catch (error) {
        giveBack();
        throw error;
      }
    },
    end: async () => undefined,
  };
}

type WatchOptions = Readonly<{
  layout: Layout;
  /** Undefined where statements have no names. */
  names: StatementNames | undefined;
  makePartitions: () => Promise<void>;
}>;

class WatchedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #layout: Layout;
  readonly #names: StatementNames | undefined;
  readonly #onRelease: () => void;
  readonly #makePartitions: () => Promise<void>;
  #isInTransaction = false;
  #broken: Error | undefined;

  constructor(client: pg.PoolClient, options: WatchOptions & { onRelease: () => void }) {
    this.#client = client;
    this.#layout = options.layout;
    this.#names = options.names;
    this.#onRelease = options.onRelease;
    this.#makePartitions = options.makePartitions;
  }

  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(
    text: string | PostgresCursor<R>,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text !== 'string') throw new Error('Cursors are not used.');
    return this.#run<R>(text, values);
  }

  release(): void {
    this.#client.release(this.#broken ?? this.#names?.isWorn(this.#client));
    this.#onRelease();
  }

  async #run<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    try {
      const placed = this.#layout.placedAs(text);
      if (placed !== undefined) {
        const rows = await this.#layout.run<R & pg.QueryResultRow>(this.#client, placed, values, false);
        return { command: 'SELECT', rowCount: rows.length, rows };
      }
      const result = await this.#send<R & pg.QueryResultRow>(this.#layout.rewritten(text), values);
      const command = commands.find((name) => name === result.command) ?? 'SELECT';
      return { command, rowCount: result.rowCount ?? 0, rows: result.rows };
    } catch (error) {
      // Its transaction has failed. The next one will find them.
      if (isPartitionMissing(error)) void this.#makePartitions();
      else if (isTransient(error) && error instanceof Error) this.#broken = error;
      throw error;
    }
  }

  async #send<R extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<pg.QueryResult<R>> {
    // Within a transaction a statement whose plan is outdated could not be repeated.
    this.#isInTransaction ||= beginning.test(text);
    const name = this.#isInTransaction ? undefined : this.#names?.nameFor(this.#client, text);
    if (name === undefined) return await this.#client.query<R>(text, [...values]);
    const isPlanned = placedStatementOf(text)?.isPlannedOnce === true;
    try {
      if (isPlanned) await this.#client.query(onlyOnePlan);
      const result = await this.#client.query<R>({ name, text, values: [...values] });
      if (isPlanned) await this.#client.query(usualPlans);
      return result;
    } catch (error) {
      // After a temporary error the connection is replaced, and may not even take this statement.
      if (isPlanned && !isTransient(error)) await this.#client.query(usualPlans);
      if (!isPlanOutdated(error)) throw error;
      this.#names?.renew(text);
      return await this.#client.query<R>(text, [...values]);
    }
  }
}

const beginning = /^(begin|start transaction)/;

const commands = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'] as const;

function openPool(
  options: { url: string; logger: Logger; settings: string },
  connections: number,
  statementTimeoutMs: number,
): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOptions(options.url, statementTimeoutMs),
    max: connections,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    onConnect: (client: pg.ClientBase) => pinSettings(client, statementTimeoutMs, options.settings),
  } as pg.PoolConfig);
  // These listeners hear the errors of connections that run no query at the moment. Without them such an error would
  // end the process. The next query on the connection fails, and is repeated or answered with an error.
  pool.on('error', (error) =>
    options.logger.warn({ error: error.message }, 'lost an idle database connection'),
  );
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
