import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller } from './client.ts';
import { createEmptyClone } from './database.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { type ServerProcess, startServer, stopServers } from './server-process.ts';
import { createTokenIssuer, type TokenIssuer } from './tokens.ts';

/** What a journey needs: a database, an issuer of tokens, and the servers and receivers that it starts. */
export type Stage = Readonly<{
  issuer: TokenIssuer;
  /** The environment of every server here. */
  environment: Readonly<Record<string, string>>;
  startServer(changed?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** Ends the servers that still run, gracefully. Resolves with their exit codes. */
  stopServers(): Promise<(number | null)[]>;
  startReceiver(options?: Parameters<typeof startReceiver>[0]): Promise<Receiver>;
  /** A user of the tenant with every permission, calling this server. */
  callerOf(
    server: Pick<ServerProcess, 'origin'>,
    claims?: Readonly<Record<string, unknown>>,
  ): Promise<Caller>;
  /** Ends everything, even if something has failed. */
  close(): Promise<void>;
}>;

export async function openStage(): Promise<Stage> {
  const { url, drop } = await createEmptyClone();
  const issuer = await createTokenIssuer();
  const dataDir = mkdtempSync(join(tmpdir(), 'heliograph-journey-'));
  const receivers: Receiver[] = [];
  const environment = {
    ...issuer.environment,
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    PORT: '0',
    EGRESS_ALLOW: '127.0.0.1/32',
    SECRETS_KEYS: `test:${randomBytes(32).toString('base64')}`,
  };
  return {
    issuer,
    environment,
    startServer: (changed = {}) => startServer({ ...environment, ...changed }),
    stopServers,
    async startReceiver(options = {}) {
      const receiver = await startReceiver(options);
      receivers.push(receiver);
      return receiver;
    },
    callerOf: async ({ origin }, claims = {}) => ({ origin, token: await issuer.sign(claims) }),
    async close() {
      await stopServers();
      await Promise.allSettled(receivers.map((receiver) => receiver.close()));
      await drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
