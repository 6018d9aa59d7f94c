import { byOf } from '../endpoints/endpoint-services.ts';
import { defaultOverlapSeconds, maxOverlapSeconds } from '../endpoints/rotate-secret.ts';
import { usualLimits } from '../environment.ts';
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
const nameRule = `1 to ${maxNameChars} characters without control characters. White space around it is removed.`;
const secretNote = `${idempotencyNote} A repeated answer holds the secret only while it is the newest.`;

type CreatedApp = { id: string; clientSecret: string; webhookSecret: string };

mutation(builder, 'createApp', {
  description: `Creates a partner app with its client secret, its webhook secret and its first member. A source that another app has is a ConflictError. A tenant has at most ${usualLimits.apps} apps, unless the operator has set another limit; one more is a LimitExceededError.`,
  permission: 'MANAGE_APPS',
  capability: {
    records: ['App', 'AppMember', 'AuditEntry'],
    sideEffects: ['audit entry app.create'],
    idempotency: `${idempotencyNote} A repeated answer holds the secrets only while both are the newest.`,
  },
  input: (t) => ({
    name: t.string({ required: true, description: `Display name: ${nameRule}` }),
    source: t.string({
      required: true,
      description: `The partner’s own identifier for the app: 1 to ${maxSourceChars} visible ASCII characters. It is unique and never changes.`,
    }),
    ownerEmail: t.string({
      description: `The email address of the first member, who gets every permission for the app: at most ${maxEmailChars} characters. By default it is the calling user’s; callers that are not users must give it.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    app: { type: App, description: 'The new app.' },
    clientSecret: {
      type: 'String',
      description:
        'The app’s secret for `POST /oauth/token`: `hgs_…`. It is shown only here; a rotation gives a new one.',
    },
    webhookSecret: {
      type: 'String',
      description:
        'The key that signs the webhook’s requests, from the first `setAppWebhook` on: `whsec_…`. It is shown only here; a rotation gives a new one.',
    },
  },
  errors: [ValidationError, ConflictError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { database, signingSecrets: secrets, limits } = context.services;
    const tenantId = requireTenant(context);
    const { id, clientSecret, webhookSecret } = await idempotently(
      context,
      { ownerId: tenantId, field: 'createApp', input, secretOf: (answer: CreatedApp) => answer.id },
      async (trx) => {
        const created = await createApp(trx, { secrets, limits }, { tenantId, input, by: byOf(context) });
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
  description: 'Changes the given fields of an app.',
  inputDescription: 'A field that is left out does not change. Null is a ValidationError.',
  permission: { app: 'MANAGE_APP' },
  capability: {
    records: ['App', 'AuditEntry'],
    sideEffects: ['audit entry app.update'],
    idempotency: 'A repeated call changes nothing and is not audited.',
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
    'Deletes an app with its secrets, its members, its webhook and its history, and revokes every installation. Its tokens stop working within 2 seconds, and its subscriptions end within 5. Waiting deliveries end as FAILED (ENDPOINT_DELETED).',
  permission: { app: 'MANAGE_APP' },
  capability: {
    records: ['App', 'AppInstallation', 'Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: [
      'audit entry app.delete',
      'waiting deliveries end as FAILED',
      'every installation is revoked',
    ],
    idempotency: 'A repeated call answers with NotFoundError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: appId }) }),
  payload: {
    id: { type: 'ID', description: 'The id of the deleted record.' },
    deletedAt: { type: 'DateTime', description: 'When it was deleted. Nobody can find it afterwards.' },
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
  description: 'The input of `rotateAppClientSecret` and `rotateAppWebhookSecret`.',
  fields: (t) => ({
    appId: t.id({ required: true, description: appId }),
    overlapSeconds: t.int({
      required: true,
      defaultValue: defaultOverlapSeconds,
      description: `How long older secrets keep working at most: 0 to ${maxOverlapSeconds} seconds. A secret that an earlier rotation ends sooner still ends then. 0 revokes all older secrets at once.`,
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

/** The secret, and the app that it belongs to. */
type Rotated = { secret: string; secretOf: string };

mutation(builder, 'rotateAppClientSecret', {
  description: `Gives the app a new client secret. Older secrets keep working for \`overlapSeconds\`; at most ${maxClientSecrets} secrets work at once. Tokens that were issued for a secret stop working with it. Use this also to replace a lost secret.`,
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
    'Gives the app’s webhook a new signing secret, even if the webhook has not been set yet. Older secrets keep signing for `overlapSeconds`.',
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
