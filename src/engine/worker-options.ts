import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import type { Sender } from '../egress/send.ts';
import type { Logger } from '../log.ts';
import type { Mailer } from '../mail.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { EngineMetrics } from './engine-metrics.ts';

export type WorkerOptions = Readonly<{
  config: Pick<Config, 'retrySchedule' | 'deliveryTimeoutMs' | 'requireVerification'>;
  database: Database;
  /** For leases, without a pooler. */
  directUrl: string;
  logger: Logger;
  sender: Sender;
  secrets: SigningSecrets;
  metrics: EngineMetrics;
  /** For owners who want a mail when an endpoint fails. */
  mailer?: Mailer | undefined;
  leaseMarginMs?: number;
}>;
