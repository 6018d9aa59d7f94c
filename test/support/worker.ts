import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender } from '../../src/egress/send.ts';
import { EngineMetrics } from '../../src/engine/engine-metrics.ts';
import { Worker } from '../../src/engine/worker.ts';
import type { WorkerOptions } from '../../src/engine/worker-options.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { quietLogger, type TestDatabase } from './database.ts';
import { seedDeliveries, seedOwner } from './deliveries.ts';

export const testSecrets = new SigningSecrets(new SecretBox([{ id: 'test', key: randomBytes(32) }]));

/** A worker over the test's database that may send to loopback. */
export function createWorker(
  db: TestDatabase,
  config: Partial<WorkerOptions['config']> = {},
  registry = new Registry(),
  options: Pick<WorkerOptions, 'leaseMarginMs'> = {},
): Worker {
  return new Worker({
    ...options,
    config: {
      retrySchedule: [0, 0.05, 0.1],
      deliveryTimeoutMs: 15_000,
      requireVerification: true,
      ...config,
    },
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
    metrics: new EngineMetrics(registry),
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

/** An owner with one endpoint at `url` and `count` deliveries that are due. */
export async function seedQueue(db: TestDatabase, url: string, count: number) {
  const { ownerId, endpointIds } = await seedOwner(db.database, { url });
  const endpointId = endpointIds[0] ?? '';
  const { secret } = await seedSecret(db, ownerId, endpointId);
  const deliveries = await seedDeliveries(db.database, ownerId, endpointId, count);
  return { ownerId, endpointId, secret, deliveries };
}

/** Waits until the log holds `count` ends. */
export async function untilEnded(db: TestDatabase, ownerId: string, count: number): Promise<void> {
  await untilTrue(async () => {
    const { rows } = await db.database.api.query<{ n: number }>(
      `select count(*)::int as n from delivery_log
        where owner_id = $1 and status in ('SUCCEEDED', 'FAILED', 'DEAD_LETTER')`,
      [ownerId],
    );
    return (rows[0]?.n ?? 0) >= count;
  });
}

/** Checks again and again, where there is no signal to wait for. */
export async function untilTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export async function statusesOf(db: TestDatabase, ownerId: string): Promise<string[]> {
  const { rows } = await db.database.api.query<{ status: string }>(
    'select status from delivery_log where owner_id = $1 order by position',
    [ownerId],
  );
  return rows.map(({ status }) => status);
}
