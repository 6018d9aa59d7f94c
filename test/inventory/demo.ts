import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../support/server-process.ts';
import { bearer, textAt } from './ask.ts';
import { act } from './owners.ts';

/** A server on its own database, as a first start creates it, with the secret of its one endpoint. */
export type Demo = Readonly<{ origin: string; secret: string; close(): Promise<void> }>;

export async function openDemo(): Promise<Demo> {
  const dataDir = mkdtempSync(join(tmpdir(), 'heliograph-access-'));
  const server = await startServer({ DATA_DIR: dataDir, PORT: '0' });
  await server.untilPrinted(/export TOKEN=\S+\n/);
  const { origin } = server;
  const proof = bearer(/export TOKEN=(\S+)/.exec(server.output())?.[1] ?? '');
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...proof },
    body: JSON.stringify({ query: '{ endpoints { nodes { id } } }' }),
  });
  const id = textAt(Object(await response.json()), 'data', 'endpoints', 'nodes', '0', 'id');
  const rotated = await act({ origin, proof }, 'rotateEndpointSecret', { input: { id }, fields: 'secret' });
  return {
    origin,
    secret: textAt(rotated, 'secret'),
    async close() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
