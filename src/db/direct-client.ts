import pg from 'pg';
import { parseTimestamp } from '../times/parse-timestamp.ts';

/** The name of our connections in `pg_stat_activity`. */
export const applicationName = 'heliograph';
/** The statement timeout of the engine, whose statements are short. */
export const engineTimeoutMs = 5_000;
/**
 * How long a caller's statement may wait for a lock. Then the caller is told to try again. It is shorter than the time
 * that a statement itself may run.
 */
const lockTimeoutMs = 10_000;
const connectTimeoutMs = 5_000;
/** How much later than the server the client gives up: only a statement on a dead socket takes that long. */
const graceMs = 2_000;

const [int8, timestamptz] = [20, 1184];

/** Reads 64-bit integers as numbers: all of ours are counts and positions, far below 2^53. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return Number;
    const usual = pg.types.getTypeParser(oid, format);
    return oid === timestamptz ? (text: string) => parseTimestamp(text) ?? usual(text) : usual;
  },
};

/**
 * A connection for one task (LISTEN, leases, migrations), outside the pools. The caller ends it. If the server ends it
 * while no statement runs, the next statement is rejected. Without a listener that event would end our process.
 */
export function directClient(url: string, statementTimeoutMs = engineTimeoutMs): pg.Client {
  const client = new pg.Client({ ...connectionOptions(url, statementTimeoutMs), keepAlive: true });
  return client.on('error', () => undefined);
}

/** The settings that do not depend on who uses the connection. A pooler gives them to its connections by itself. */
export const pinnedSettings = [
  `set default_transaction_isolation = 'read committed'`,
  'set synchronous_commit = on',
  'set jit = off',
  'set enable_seqscan = off',
  'set enable_bitmapscan = off',
  'set enable_hashjoin = off',
  'set enable_mergejoin = off',
  `set timezone = 'UTC'`,
  `set datestyle = 'ISO, MDY'`,
].join('; ');

/** Pins the settings that all our connections use; called once on each new connection. */
export function pinSettings(
  client: pg.ClientBase,
  statementTimeoutMs: number,
  ofLayout = '',
): Promise<unknown> {
  return client.query(`
    ${pinnedSettings}; ${ofLayout}
    set statement_timeout = ${statementTimeoutMs};
    set lock_timeout = ${statementTimeoutMs > engineTimeoutMs ? lockTimeoutMs : 0};
    set idle_in_transaction_session_timeout = 5000;
  `);
}

export function connectionOptions(url: string, statementTimeoutMs: number) {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    types,
  };
}
