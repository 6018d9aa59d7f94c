import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender } from '../../src/egress/send.ts';
import { SigningSecrets } from '../../src/endpoints/signing-secrets.ts';
import { EngineMetrics } from '../../src/engine/engine-metrics.ts';
import { Worker, type WorkerOptions } from '../../src/engine/worker.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { quietLogger, type TestDatabase } from './database.ts';

export const testSecrets = new SigningSecrets(new SecretBox([{ id: 'test', key: randomBytes(32) }]));

/** A worker over the test's database that may send to loopback. */
export function createWorker(db: TestDatabase, config: Partial<WorkerOptions['config']> = {}): Worker {
  return new Worker({
    config: { retrySchedule: [0, 0.05, 0.1], deliveryTimeoutMs: 2_000, requireVerification: true, ...config },
    database: db.database,
    directUrl: db.url,
    logger: quietLogger,
    sender: createSender({
      guard: new AddressGuard(['127.0.0.1/32']),
      requireHttps: false,
      maxResponseBytes: 65_536,
      keptResponseBytes: 4_096,
    }),
    secrets: testSecrets,
    metrics: new EngineMetrics(new Registry()),
  });
}

/** Gives an endpoint its signing secret. */
export function seedSecret(
  db: TestDatabase,
  ownerId: string,
  endpointId: string,
): Promise<{ secret: string }> {
  return db.database.query.transaction().execute((trx) => testSecrets.create(trx, { ownerId, endpointId }));
}
