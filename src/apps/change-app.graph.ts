import { byOf } from '../endpoints/endpoint-services.ts';
import { defaultOverlapSeconds, maxOverlapSeconds } from '../endpoints/rotate-secret.ts';
import {
  ConflictError,
  IdempotencyError,
  LimitExceededError,
  NotFoundError,
  ValidationError,
} from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { requireTenant } from '../graph/context.ts';
import { mutation, payloadType } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { App } from './app.graph.ts';
import { getApp } from './app.ts';
import { maxEmailChars, maxNameChars, maxSourceChars } from './app-input.ts';
import { askedApp } from './asked-app.ts';
import { deleteApp, endWebhookQueue, updateApp } from './change-app.ts';
import { maxClientSecrets, rotateClientSecret } from './client-secrets.ts';
import { createApp } from './create-app.ts';
import { hintLifecycle } from './lifecycle.ts';
import { rotateWebhookSecret } from './webhook.ts';

const appId = 'The app’s id: `app_…`.';
const nameRule = `1 to ${maxNameChars} characters, no control characters; white space around it is dropped.`;
const secretNote = `${idempotencyNote} The secret is in it only while it is the newest.`;

type CreatedApp = { id: string; clientSecret: string; webhookSecret: string };

mutation(builder, 'createApp', {
  description:
    'Makes a partner app, with its client secret, its webhook secret and its first member. ConflictError where another app has the source.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['App', 'AppMember', 'AuditEntry'],
    sideEffects: ['audit entry app.create'],
    idempotency: `${idempotencyNote} The secrets are in it only while both are the newest.`,
  },
  input: (t) => ({
    name: t.string({ required: true, description: `Its name for people: ${nameRule}` }),
    source: t.string({
      required: true,
      description: `The partner’s own name for it: 1 to ${maxSourceChars} visible ASCII characters, unique, never changed.`,
    }),
    ownerEmail: t.string({
      description: `The first member, who may do everything with the app: at most ${maxEmailChars} characters. By default the user who calls; needed from everybody else.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    app: { type: App, description: 'The new app.' },
    clientSecret: {
      type: 'String',
      description:
        'Proves the app at `POST /oauth/token`: `hgs_…`. It is shown here and on rotation, and nowhere else.',
    },
    webhookSecret: {
      type: 'String',
      description:
        'The key of the webhook’s signatures, `whsec_…`: it signs from the first `setAppWebhook` on. It is shown here and on rotation, and nowhere else.',
    },
  },
  errors: [ValidationError, ConflictError, IdempotencyError],
  async resolve(input, context) {
    const { database, signingSecrets } = context.services;
    const tenantId = requireTenant(context);
    const { id, clientSecret, webhookSecret } = await idempotently(
      context,
      { ownerId: tenantId, field: 'createApp', input, secretOf: (answer: CreatedApp) => answer.id },
      async (trx) => {
        const created = await createApp(trx, signingSecrets, { tenantId, input, by: byOf(context) });
        return {
          id: created.app.id,
          clientSecret: created.clientSecret,
          webhookSecret: created.webhookSecret,
        };
      },
    );
    return { app: await getApp(database.query, id), clientSecret, webhookSecret };
  },
});

mutation(builder, 'updateApp', {
  description: 'Changes what is given.',
  inputDescription: 'Absent: unchanged. Null is a ValidationError.',
  permission: { app: 'MANAGE_APP' },
  capability: {
    records: ['App', 'AuditEntry'],
    sideEffects: ['audit entry app.update'],
    idempotency: 'The same change again changes nothing and is not audited.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: appId }),
    name: t.string({ description: `A new name: ${nameRule}` }),
  }),
  payload: { app: { type: App, description: 'The app as it is now.' } },
  errors: [ValidationError, NotFoundError],
  async resolve(input, context) {
    const id = await askedApp(context, { permission: 'MANAGE_APP', globalId: input.id });
    const app = await context.services.database.query
      .transaction()
      .execute((trx) => updateApp(trx, { appId: id, input, by: byOf(context) }));
    return { app };
  },
});

mutation(builder, 'deleteApp', {
  description:
    'Deletes an app with its secrets, its members, its webhook and its history, and revokes every installation. Its tokens stop within 2 seconds, subscriptions end within 5. What is queued ends as FAILED (ENDPOINT_DELETED).',
  permission: { app: 'MANAGE_APP' },
  capability: {
    records: ['App', 'AppInstallation', 'Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: [
      'audit entry app.delete',
      'queued deliveries end as FAILED',
      'every installation is revoked',
    ],
    idempotency: 'A second call answers with NotFoundError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: appId }) }),
  payload: {
    id: { type: 'ID', description: 'The id of what was deleted.' },
    deletedAt: { type: 'DateTime', description: 'Since when nobody finds it.' },
  },
  errors: [NotFoundError],
  async resolve({ id: globalId }, context) {
    const { database } = context.services;
    const id = await askedApp(context, { permission: 'MANAGE_APP', globalId });
    const { deletedAt, webhookId } = await database.query
      .transaction()
      .execute((trx) => deleteApp(trx, { appId: id, by: byOf(context) }));
    await endWebhookQueue(database, id, webhookId);
    return { id: globalId, deletedAt };
  },
});

const RotateAppSecretInput = builder.inputType('RotateAppSecretInput', {
  description: 'What `rotateAppClientSecret` and `rotateAppWebhookSecret` take.',
  fields: (t) => ({
    appId: t.id({ required: true, description: appId }),
    overlapSeconds: t.int({
      required: true,
      defaultValue: defaultOverlapSeconds,
      description: `How long older secrets also work, at most: 0 to ${maxOverlapSeconds} seconds. One that an earlier rotation ends sooner is not prolonged; 0 revokes all of them at once.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
});

const RotateAppSecretPayload = payloadType(builder, 'RotateAppSecretPayload', {
  description: 'The app with its new secret.',
  fields: {
    app: { type: App, description: 'The app.' },
    secret: { type: 'String', description: 'The new secret. It is shown here and never again.' },
  },
});

const rotationErrors = [ValidationError, NotFoundError, IdempotencyError, LimitExceededError];

/** The secret, and whose answer it is. */
type Rotated = { secret: string; secretOf: string };

mutation(builder, 'rotateAppClientSecret', {
  description: `Gives the app a new client secret. Older ones work beside it for a while, at most ${maxClientSecrets} at once; tokens that were given for them stop with them. A lost secret is replaced in this way.`,
  permission: { app: 'ROTATE_SECRETS' },
  capability: {
    records: ['App', 'AuditEntry'],
    sideEffects: [
      'audit entry app.rotate_client_secret',
      'the event app.secret_rotated to the app’s webhook',
    ],
    idempotency: secretNote,
  },
  input: RotateAppSecretInput,
  payload: RotateAppSecretPayload,
  errors: rotationErrors,
  async resolve(input, context) {
    const { database } = context.services;
    const id = await askedApp(context, { permission: 'ROTATE_SECRETS', globalId: input.appId });
    const { secret } = await idempotently(
      context,
      {
        ownerId: id,
        field: 'rotateAppClientSecret',
        input,
        secretOf: (answer: Rotated) => answer.secretOf,
      },
      async (trx) => {
        const { overlapSeconds } = input;
        const rotated = await rotateClientSecret(trx, { appId: id, overlapSeconds, by: byOf(context) });
        return { secret: rotated.secret, secretOf: rotated.id };
      },
    );
    hintLifecycle(database, id);
    return { app: await getApp(database.query, id), secret };
  },
});

mutation(builder, 'rotateAppWebhookSecret', {
  description:
    'Gives the app’s webhook a new signing secret, whether or not it is set already. Older ones sign beside it for a while.',
  permission: { app: 'ROTATE_SECRETS' },
  capability: {
    records: ['App', 'Endpoint', 'AuditEntry'],
    sideEffects: [
      'audit entry app.rotate_webhook_secret',
      'the event app.secret_rotated to the app’s webhook',
    ],
    idempotency: secretNote,
  },
  input: RotateAppSecretInput,
  payload: RotateAppSecretPayload,
  errors: rotationErrors,
  async resolve(input, context) {
    const { database, signingSecrets } = context.services;
    const id = await askedApp(context, { permission: 'ROTATE_SECRETS', globalId: input.appId });
    const { secret } = await idempotently(
      context,
      {
        ownerId: id,
        field: 'rotateAppWebhookSecret',
        input,
        secretOf: (answer: Rotated) => answer.secretOf,
      },
      async (trx) => {
        const { overlapSeconds } = input;
        const rotated = await rotateWebhookSecret(trx, signingSecrets, {
          appId: id,
          overlapSeconds,
          by: byOf(context),
        });
        return { secret: rotated.secret, secretOf: rotated.id };
      },
    );
    hintLifecycle(database, id);
    return { app: await getApp(database.query, id), secret };
  },
});
