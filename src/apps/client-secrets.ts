import { type Kysely, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { hashToken, makeToken } from '../access/api-key-token.ts';
import type { ClientSecret } from '../access/app-tokens.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import { refuseOverlap } from '../endpoints/rotate-secret.ts';
import { LimitExceededError } from '../errors.ts';
import { forgetAnswersWithSecretOf } from '../idempotency/with-idempotency.ts';
import { encodeId, mintUuid, timeOfUuid } from '../ids.ts';
import type { SecretInfo } from '../sending/signing-secrets.ts';
import type { Tables } from '../tables.ts';
import { type App, lockApp, touchApp } from './app.ts';
import { appendLifecycle } from './lifecycle.ts';

/** The prefix of every client secret. */
const clientSecretMark = 'hgs_';
export const maxClientSecrets = 10;

/** Adds a new client secret. It has 256 random bits, and only its hash is stored. */
export async function createClientSecret(
  trx: Transaction<Tables>,
  appId: string,
): Promise<{ id: string; secret: string }> {
  const id = mintUuid();
  const secret = makeToken(clientSecretMark);
  await trx
    .insertInto('app_client_secret')
    .values({ app_id: appId, id, secret_hash: hashToken(secret) })
    .execute();
  return { id, secret };
}

/**
 * Gives the app a new client secret, which is returned here and never again. Older secrets keep working for
 * `overlapSeconds` at most. Tokens that were issued for a secret stop working with it.
 */
export async function rotateClientSecret(
  trx: Transaction<Tables>,
  { appId, overlapSeconds, by }: { appId: string; overlapSeconds: number; by: By },
): Promise<{ app: App; id: string; secret: string }> {
  refuseOverlap(overlapSeconds);
  const { tenant_id: tenantId } = await lockApp(trx, appId);
  const older = await endOlder(trx, appId, overlapSeconds);
  if (older.inForce >= maxClientSecrets) {
    throw new LimitExceededError(
      maxClientSecrets,
      `At most ${maxClientSecrets} client secrets work at once. Wait for the oldest to expire, or give a shorter overlap.`,
    );
  }
  const { id, secret } = await createClientSecret(trx, appId);
  for (const olderId of older.ids) await forgetAnswersWithSecretOf(trx, appId, olderId);
  await forgetAnswersWithSecretOf(trx, tenantId, appId);
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app.rotate_client_secret',
    targetType: 'App',
    targetId: appId,
    changes: { clientSecretId: encodeId('SigningSecret', id), overlapSeconds },
  });
  await appendLifecycle(trx, appId, {
    type: 'app.secret_rotated',
    data: { kind: 'CLIENT_SECRET', expiresAt: new Date(databaseNow() + overlapSeconds * 1000).toISOString() },
  });
  return { app: await touchApp(trx, appId), id, secret };
}

async function endOlder(
  trx: Transaction<Tables>,
  appId: string,
  overlapSeconds: number,
): Promise<{ ids: string[]; inForce: number }> {
  // Rounded down to the precision of the column. Rounded up, an end "now" would still be in the future.
  const now = sql<Date>`date_trunc('milliseconds', clock_timestamp())`;
  const older = await trx
    .updateTable('app_client_secret')
    .set({
      expires_at: sql<Date>`least(expires_at, ${now} + ${overlapSeconds}::integer * interval '1 second')`,
    })
    .where('app_id', '=', appId)
    .returning('id')
    .execute();
  const removed = await trx
    .deleteFrom('app_client_secret')
    .where('app_id', '=', appId)
    .where('expires_at', '<=', now)
    .executeTakeFirst();
  return { ids: older.map(({ id }) => id), inForce: older.length - Number(removed.numDeletedRows) };
}

/** The app's client secrets that work now, newest first. */
export async function listClientSecrets(db: Kysely<Tables>, appId: string): Promise<SecretInfo[]> {
  const rows = await inForce(db, appId).orderBy('id', 'desc').execute();
  return rows.map(({ id, expires_at }) => ({
    id,
    createdAt: new Date(timeOfUuid(id)),
    expiresAt: expires_at ?? undefined,
  }));
}

/** The app's valid client secret with this text; undefined if there is none. */
export async function findClientSecret(
  db: Kysely<Tables>,
  appId: string,
  secret: string,
): Promise<ClientSecret | undefined> {
  const row = await inForce(db, appId)
    .innerJoin('app', 'app.id', 'app_client_secret.app_id')
    .where('app.deleted_at', 'is', null)
    .where('secret_hash', '=', hashToken(secret))
    .executeTakeFirst();
  return row === undefined ? undefined : { appId, id: row.id, expiresAt: row.expires_at ?? undefined };
}

function inForce(db: Kysely<Tables>, appId: string) {
  return db
    .selectFrom('app_client_secret')
    .select(['app_client_secret.id', 'app_client_secret.expires_at'])
    .where('app_client_secret.app_id', '=', appId)
    .where((is) =>
      is.or([is('expires_at', 'is', null), is('expires_at', '>', sql<Date>`clock_timestamp()`)]),
    );
}
