import { ConfigError } from '../config.ts';
import { isTransient, sqlStateOf } from '../db/retry.ts';
import { InvalidKeyRingError } from '../signing/secret-box.ts';

/** Error codes of PostgreSQL: a wrong password or role, a missing database, no right to connect. */
const refusals = /^(28...|3D000|42501)$/;

/** Ends the program with its error: a sentence if we know the cause, otherwise the whole error. */
export function fail(error: unknown): void {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || error instanceof InvalidKeyRingError) return error.message;
  const code = sqlStateOf(error) ?? '';
  if (isTransient(error) || refusals.test(code)) {
    // If several addresses were tried, the error has no message.
    return `The database cannot be used: ${error.message || code}. See DATABASE_URL and DATABASE_DIRECT_URL.`;
  }
  if ('path' in error && 'syscall' in error) return `${error.message}. See DATA_DIR.`;
  return error.stack ?? error.message;
}
