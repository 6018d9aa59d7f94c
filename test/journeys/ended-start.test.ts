import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchServer, startServer, stopServers } from '../support/server-process.ts';
import { untilTrue } from '../support/worker.ts';

/** Starts that are interrupted, and one without the welcome text. None of them leaves its database running. */
let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'heliograph-ended-start-'));
});
afterAll(async () => {
  await stopServers();
  rmSync(dataDir, { recursive: true, force: true });
});

test('a SIGTERM while the embedded database comes up ends it too, with code 0', async () => {
  const server = launchServer({ DATA_DIR: dataDir, PORT: '0' });
  await untilTrue(() => databasePid() !== undefined);
  const pid = databasePid() ?? 0;
  expect(await server.stop()).toBe(0);
  expect(server.output()).not.toContain('"ready"');
  expect(databasePid()).toBeUndefined();
  expect(() => process.kill(pid, 0)).toThrow();
});

test('with an issuer of its own it starts without printing a token', async () => {
  const server = await startServer({ DATA_DIR: dataDir, PORT: '0', JWT_JWKS: '{"keys":[]}' });
  expect(await server.stop()).toBe(0);
  expect(server.output()).not.toContain('TOKEN');
  expect(databasePid()).toBeUndefined();
});

function databasePid(): number | undefined {
  const path = join(dataDir, 'postgres', 'postmaster.pid');
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n')[0]) || undefined : undefined;
}
