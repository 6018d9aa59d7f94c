import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../support/client.ts';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'heliograph-killed-start-'));
});
afterAll(async () => {
  await stopServers();
  rmSync(dataDir, { recursive: true, force: true });
});

/**
 * Much less than the deadline of a handshake and its grace period, for which a rescue among several processes waits.
 */
const atOnceMs = 15_000;

const start = () => startServer({ DATA_DIR: dataDir, PORT: '0' });

async function verification(server: ServerProcess): Promise<string | undefined> {
  await server.untilPrinted(/export TOKEN=\S+/);
  const token = /export TOKEN=(\S+)/.exec(server.output())?.[1] ?? '';
  const { endpoints } = await ask<{ endpoints: { nodes: { verification: { status: string } }[] } }>(
    { origin: server.origin, token },
    '{ endpoints(first: 1) { nodes { verification { status } } } }',
  );
  return endpoints.nodes[0]?.verification.status;
}

test("after a kill in the midst of the very first start the next one verifies the demo's endpoint at once", async () => {
  await (await start()).kill();
  const server = await start();
  await expect.poll(() => verification(server), { timeout: atOnceMs, interval: 100 }).toBe('VERIFIED');
  expect(await server.stop()).toBe(0);
});
