import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import { insertEndpoint } from '../endpoints/create-endpoint.ts';
import { deleteEndpoint } from '../endpoints/delete-endpoint.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { EndpointValues } from '../endpoints/endpoint-input.ts';
import { refuseOverlap, replaceSecret } from '../endpoints/rotate-secret.ts';
import { type UpdatedEndpoint, updateEndpoint } from '../endpoints/update-endpoint.ts';
import { invalid, NotFoundError } from '../errors.ts';
import { forgetAnswersWithSecretOf } from '../idempotency/with-idempotency.ts';
import { encodeId, mintUuid } from '../ids.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { Tables } from '../tables.ts';
import { type App, lockApp, touchApp } from './app.ts';
import { appendLifecycle } from './lifecycle.ts';

export const appEventStreams = ['LIFECYCLE', 'INSTALLED_TENANT_EVENTS'] as const;
export type AppEventStream = (typeof appEventStreams)[number];

/**
 * An app has one endpoint, which is its webhook. The secrets that sign for it belong to the app and outlive the
 * endpoint. While there is no endpoint they are stored under a reserved id, and they move to the next endpoint's id.
 * So a partner who removes a webhook and sets another one keeps the secret.
 */
export async function findWebhook(
  db: Kysely<Tables>,
  app: Pick<App, 'id' | 'webhook_id'>,
): Promise<Endpoint | undefined> {
  return (await findWebhooks(db, [app])).get(app.id);
}

/** The webhooks of these apps, by the app's id. */
export async function findWebhooks(
  db: Kysely<Tables>,
  apps: readonly Pick<App, 'id' | 'webhook_id'>[],
): Promise<ReadonlyMap<string, Endpoint>> {
  const { rows } = await sql<Selectable<Tables['endpoint']>>`
    select e.* from unnest(${apps.map(({ id }) => id)}::uuid[], ${apps.map((app) => app.webhook_id)}::uuid[])
        as wanted (owner_id, id)
      join endpoint e on e.owner_id = wanted.owner_id and e.id = wanted.id
     where e.deleted_at is null`.execute(db);
  return new Map(rows.map((row) => [row.owner_id, row]));
}

export type SetWebhook =
  | Readonly<{ kind: 'created'; endpoint: Endpoint }>
  | Readonly<{ kind: 'updated'; endpoint: Endpoint; update: UpdatedEndpoint }>;

/**
 * Sets all fields of the webhook. If it is new, pass it to `Handshakes.begin` after the commit to start its
 * handshake. If it existed, call `finishUpdate`.
 */
export async function setWebhook(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  request: { appId: string; values: EndpointValues; streams: readonly AppEventStream[]; by: By },
): Promise<SetWebhook> {
  const { appId, values, by } = request;
  const streams = appEventStreams.filter((stream) => request.streams.includes(stream));
  if (streams.length === 0) {
    throw invalid(['streams'], 'EMPTY', `Give at least one of the streams ${appEventStreams.join(', ')}.`);
  }
  const app = await lockApp(trx, appId);
  const webhook = await findWebhook(trx, app);
  if (webhook === undefined) {
    const endpoint = await createWebhook(trx, secrets, { app, values, streams, by });
    await auditStreams(trx, { appId, from: null, to: streams, by });
    return { kind: 'created', endpoint };
  }
  const update = await updateEndpoint(trx, { ownerId: appId, id: webhook.id, values, by });
  if (update.after !== update.before || !hasStreams(webhook, streams)) await touchApp(trx, appId);
  if (hasStreams(webhook, streams)) return { kind: 'updated', endpoint: update.after, update };
  const endpoint = await trx
    .updateTable('endpoint')
    .set({ streams: [...streams], updated_at: sql<Date>`clock_timestamp()` })
    .where('owner_id', '=', appId)
    .where('id', '=', webhook.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await auditStreams(trx, { appId, from: webhook.streams, to: streams, by });
  return { kind: 'updated', endpoint, update };
}

const hasStreams = (webhook: Endpoint, streams: readonly string[]) =>
  webhook.streams?.join() === streams.join();

async function createWebhook(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  { app, values, streams, by }: { app: App; values: EndpointValues; streams: readonly string[]; by: By },
): Promise<Endpoint> {
  const id = mintUuid();
  await moveSecrets(trx, secrets, { app, to: id });
  return await insertEndpoint(trx, id, { ownerId: app.id, ownerKind: 'APP', values, streams, by });
}

/** Removes the webhook with its history. Call `endWebhookQueue` after the commit to end its waiting deliveries. */
export async function removeWebhook(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  { appId, by }: { appId: string; by: By },
): Promise<{ app: App; webhookId: string }> {
  const app = await lockApp(trx, appId);
  const webhook = await findWebhook(trx, app);
  if (webhook === undefined) throw new NotFoundError(encodeId('App', appId));
  await moveSecrets(trx, secrets, { app, to: mintUuid() });
  await deleteEndpoint(trx, { ownerId: appId, id: webhook.id, by });
  return { app: await touchApp(trx, appId), webhookId: webhook.id };
}

/** Gives the webhook a new signing secret, even if there is no endpoint yet. */
export async function rotateWebhookSecret(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  request: { appId: string; overlapSeconds: number; by: By },
): Promise<{ app: App; id: string; secret: string }> {
  const { appId, overlapSeconds, by } = request;
  refuseOverlap(overlapSeconds);
  const app = await lockApp(trx, appId);
  // This also locks the endpoint, so that a rotation by the endpoint's own id waits.
  await trx
    .updateTable('endpoint')
    .set({ updated_at: sql<Date>`clock_timestamp()` })
    .where('owner_id', '=', appId)
    .where('id', '=', app.webhook_id)
    .where('deleted_at', 'is', null)
    .execute();
  const { id, secret } = await replaceSecret(trx, secrets, {
    ownerId: appId,
    id: app.webhook_id,
    overlapSeconds,
  });
  await forgetAnswersWithSecretOf(trx, appId, app.webhook_id);
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app.rotate_webhook_secret',
    targetType: 'App',
    targetId: appId,
    changes: { signingSecretId: encodeId('SigningSecret', id), overlapSeconds },
  });
  return { app: await tellRotation(trx, app, overlapSeconds), id: app.webhook_id, secret };
}

/** Informs the app when the secret is rotated by the endpoint's own id. */
export async function tellWebhookRotation(
  trx: Transaction<Tables>,
  { ownerId, overlapSeconds }: { ownerId: string; overlapSeconds: number },
): Promise<void> {
  await tellRotation(trx, await lockApp(trx, ownerId), overlapSeconds);
}

async function tellRotation(trx: Transaction<Tables>, app: App, overlapSeconds: number): Promise<App> {
  await forgetAnswersWithSecretOf(trx, app.tenant_id, app.id);
  await appendLifecycle(trx, app.id, {
    type: 'app.secret_rotated',
    data: {
      kind: 'WEBHOOK_SECRET',
      expiresAt: new Date(databaseNow() + overlapSeconds * 1000).toISOString(),
    },
  });
  return await touchApp(trx, app.id);
}

/** Keeps the app's secrets when the endpoint is deleted by its own id. */
export async function keepWebhookSecrets(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  { ownerId, id }: { ownerId: string; id: string },
): Promise<void> {
  const app = await lockApp(trx, ownerId);
  if (app.webhook_id === id) await moveSecrets(trx, secrets, { app, to: mintUuid() });
}

async function moveSecrets(
  trx: Transaction<Tables>,
  secrets: SigningSecrets,
  { app, to }: { app: App; to: string },
): Promise<void> {
  await secrets.move(trx, { ownerId: app.id, from: app.webhook_id, to });
  await forgetAnswersWithSecretOf(trx, app.id, app.webhook_id);
  await trx
    .updateTable('app')
    .set({ webhook_id: to, updated_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', app.id)
    .execute();
}

async function auditStreams(
  trx: Transaction<Tables>,
  change: { appId: string; from: readonly string[] | null; to: readonly string[]; by: By },
): Promise<void> {
  await appendAudit(trx, {
    ownerId: change.appId,
    ...change.by,
    action: 'app.set_webhook',
    targetType: 'App',
    targetId: change.appId,
    changes: { streams: { from: change.from, to: change.to } },
  });
}
