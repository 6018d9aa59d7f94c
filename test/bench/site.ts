import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { startServer } from '../support/server-process.ts';
import { createTokenIssuer } from '../support/tokens.ts';

/** A new database, a caller's token, and the environment of servers that use them, without limits of their own. */
export async function openSite() {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
  const postgres = await startEmbeddedPostgres({ dir });
  const issuer = await createTokenIssuer();
  const environment = {
    ...issuer.environment,
    DATABASE_URL: postgres.url,
    DATA_DIR: dir,
    PORT: '0',
    ROLE: 'api',
    NODE_ENV: 'production',
    RATE_LIMIT_PER_MINUTE: '100000000',
    REQUIRE_VERIFICATION: 'false',
    EGRESS_ALLOW: '127.0.0.1/32',
    SECRETS_KEYS: `bench:${randomBytes(32).toString('base64')}`,
  };
  return {
    dir,
    url: postgres.url,
    token: await issuer.sign(),
    start: (more: Readonly<Record<string, string>> = {}) => startServer({ ...environment, ...more }),
    async close() {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Starts a program of this folder in a process of its own, and waits until it has told its port. */
export async function startProgram(
  name: string,
  words: readonly string[] = [],
): Promise<{ child: ChildProcess; pid: number; origin: string }> {
  const child = fork(new URL(name, import.meta.url), words, { execArgv: ['--import', 'tsx'] });
  const [{ port }] = await once(child, 'message');
  return { child, pid: child.pid ?? 0, origin: `http://127.0.0.1:${port}` };
}
