import type { Transaction } from 'kysely';
import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { encodeId, mintUuid } from '../ids.ts';
import { forwardHint } from '../status/lane-hint.ts';
import { ownerGroupOf } from '../status/shard.ts';
import type { Tables } from '../tables.ts';

export type LifecycleType =
  | 'app.installed'
  | 'app.uninstalled'
  | 'app.permissions_updated'
  | 'app.version_published'
  | 'app.secret_rotated';

/**
 * Informs the app of what happened to it, in the transaction of the act, so that there is never one without the
 * other. The forwarder turns it into an event of the app. `data` never holds a secret. After the commit, call
 * `hintLifecycle`.
 */
export async function appendLifecycle(
  trx: Transaction<Tables>,
  appId: string,
  event: { type: LifecycleType; data: Readonly<Record<string, unknown>> },
): Promise<void> {
  await trx
    .insertInto('app_lifecycle_outbox')
    .values({
      app_id: appId,
      event_id: mintUuid(),
      app_group: ownerGroupOf(appId),
      type: event.type,
      payload: JSON.stringify({ appId: encodeId('App', appId), ...event.data }),
      occurred_at: new Date(databaseNow()),
    })
    .execute();
}

/** Notifies the forwarders. */
export function hintLifecycle(database: Database, appId: string): void {
  database.hints.send([forwardHint(ownerGroupOf(appId))]);
}
