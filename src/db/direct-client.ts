import pg from 'pg';

/** As `pg_stat_activity` shows our connections. */
export const applicationName = 'heliograph';
/** For the short statements of the engine. */
export const engineTimeoutMs = 5_000;
/** A caller's statement that waits for a lock for so long is told to come again; a long one of its own is another matter. */
const lockTimeoutMs = 10_000;
const connectTimeoutMs = 5_000;
/** The client gives up a little after the server should have: only a dead socket gets that far. */
const graceMs = 2_000;

const int8 = 20;

/** 64-bit integers as numbers: all of ours are counts and positions, far below 2^53. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return Number;
    return pg.types.getTypeParser(oid, format);
  },
};

/** A connection for one long task (LISTEN, leases, migrations), outside the pools. The caller ends it. */
export function directClient(url: string, statementTimeoutMs = engineTimeoutMs): pg.Client {
  return new pg.Client({ ...connectionOptions(url, statementTimeoutMs), keepAlive: true });
}

/** The settings that every connection of ours pins; run once after it is made. */
export function pinSettings(client: pg.ClientBase, statementTimeoutMs: number): Promise<unknown> {
  return client.query(`
    set default_transaction_isolation = 'read committed';
    set synchronous_commit = on;
    set jit = off;
    set enable_seqscan = off;
    set enable_bitmapscan = off;
    set enable_hashjoin = off;
    set enable_mergejoin = off;
    set timezone = 'UTC';
    set datestyle = 'ISO, MDY';
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
