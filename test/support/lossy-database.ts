import { type Database, openDatabase } from '../../src/db/pool.ts';
import { Network } from '../faults/network.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from './database.ts';

/** A test database, and the same one over a network that can lose its answers. */
export type LossyDatabase = Readonly<{
  db: TestDatabase;
  network: Network;
  database: Database;
  close(): Promise<void>;
}>;

export async function openLossyDatabase(options: { engineConnections: number }): Promise<LossyDatabase> {
  const db = await createTestDatabase();
  const url = new URL(db.url);
  const { port } = url;
  const network = await Network.start(() => Number(port));
  url.port = String(network.port);
  const database = openDatabase({
    url: url.href,
    logger: quietLogger,
    prepared: true,
    engineConnections: options.engineConnections,
    apiConnections: 2,
  });
  return {
    db,
    network,
    database,
    async close() {
      await database.close();
      await network.close();
      await db.drop();
    },
  };
}
