import { Endpoint } from '../endpoints/endpoint.graph.ts';
import type { Endpoint as EndpointRow } from '../endpoints/endpoint.ts';
import { checkNewEndpoint, maxDescriptionChars } from '../endpoints/endpoint-input.ts';
import { byOf, rulesOf } from '../endpoints/endpoint-services.ts';
import { finishUpdate } from '../endpoints/update-endpoint.ts';
import { NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { loader } from '../graph/loader.ts';
import { mutation } from '../graph/result.ts';
import { App, ifHeld } from './app.graph.ts';
import type { App as AppRow } from './app.ts';
import { askedApp } from './asked-app.ts';
import { endWebhookQueue } from './change-app.ts';
import { appEventStreams, findWebhooks, removeWebhook, setWebhook } from './webhook.ts';

const AppEventStream = builder.enumType('AppEventStream', {
  description: 'The kinds of events that an app’s webhook can receive.',
  values: {
    LIFECYCLE: {
      description:
        'Events about the app itself, such as `app.installed`. The webhook’s `events` do not filter them.',
    },
    INSTALLED_TENANT_EVENTS: {
      description:
        'Events of the tenants that have installed the app and are subscribed, limited to those that the published version declares.',
    },
  } as const,
});

const AppWebhook = builder.objectRef<EndpointRow>('AppWebhook').implement({
  description: 'The app’s one endpoint, with the kinds of events that it receives.',
  fields: (t) => ({
    endpoint: t.field({
      type: Endpoint,
      description: 'The endpoint, with its settings, its state and its deliveries.',
      complexity: 0,
      resolve: (endpoint) => endpoint,
    }),
    streams: t.field({
      type: [AppEventStream],
      description: 'The kinds of events that it receives.',
      complexity: 0,
      resolve: (endpoint) => appEventStreams.filter((stream) => endpoint.streams?.includes(stream)),
    }),
  }),
});

const webhookOf = loader<AppRow, EndpointRow | undefined>(async (apps, { services }) => {
  const found = await findWebhooks(services.database.query, apps);
  return apps.map(({ id }) => found.get(id));
});

builder.objectField(App, 'webhook', (t) =>
  t.field({
    type: AppWebhook,
    nullable: true,
    description: 'The app’s one endpoint; null until it is set. Needs MANAGE_WEBHOOK or VIEW_DELIVERIES.',
    resolve: (app, _args, context) =>
      ifHeld(
        context,
        { appId: app.id, anyOf: ['MANAGE_WEBHOOK', 'VIEW_DELIVERIES'] },
        async () => (await webhookOf(context).load(app)) ?? null,
      ),
  }),
);

mutation(builder, 'setAppWebhook', {
  description:
    'Creates or changes the app’s webhook. Creating it starts the ownership handshake. A new URL is not verified: call `verifyEndpoint` after changing it.',
  inputDescription: 'The complete settings of the webhook. A field that is left out gets its default.',
  permission: { app: 'MANAGE_WEBHOOK' },
  capability: {
    records: ['App', 'Endpoint', 'AuditEntry'],
    sideEffects: [
      'audit entries endpoint.create or endpoint.update, and app.set_webhook',
      'when the webhook is created: the ownership handshake, a signed POST to the URL',
    ],
    idempotency: 'A repeated call changes nothing and is not audited.',
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    url: t.string({
      required: true,
      description:
        'Where deliveries are POSTed to. At most 2,048 characters, http or https (only https in production), no user name, no fragment; not an address to which webhooks must not be sent.',
    }),
    streams: t.field({
      type: [AppEventStream],
      required: true,
      description: 'The kinds of events to receive: at least one.',
    }),
    events: t.stringList({
      required: true,
      defaultValue: ['*'],
      description:
        'The forwarded events to receive: 1 to 100 different event type names, `comment.*` for a category, or `*` for all. Events that the published version does not declare are never forwarded.',
    }),
    isActive: t.boolean({
      required: true,
      defaultValue: true,
      description: 'If false, nothing is sent, and waiting deliveries end as FAILED (ENDPOINT_INACTIVE).',
    }),
    description: t.string({ description: `A note of your own. At most ${maxDescriptionChars} characters.` }),
  }),
  payload: { webhook: { type: AppWebhook, description: 'The webhook as it is now.' } },
  errors: [ValidationError, NotFoundError],
  async resolve({ appId: globalId, streams, ...input }, context) {
    const { database, signingSecrets, handshakes } = context.services;
    const appId = await askedApp(context, { permission: 'MANAGE_WEBHOOK', globalId });
    const values = await checkNewEndpoint(rulesOf(context), input);
    const set = await database.query
      .transaction()
      .execute((trx) => setWebhook(trx, signingSecrets, { appId, values, streams, by: byOf(context) }));
    if (set.kind === 'created') handshakes.begin(set.endpoint);
    else await finishUpdate(database, set.update);
    return { webhook: set.endpoint };
  },
});

mutation(builder, 'removeAppWebhook', {
  description:
    'Removes the app’s webhook with its history. Waiting deliveries end as FAILED (ENDPOINT_DELETED). The app keeps the webhook’s secret, and the next `setAppWebhook` uses it again. An app without a webhook is a NotFoundError.',
  permission: { app: 'MANAGE_WEBHOOK' },
  capability: {
    records: ['App', 'Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.delete', 'waiting deliveries end as FAILED', 'history is removed'],
    idempotency: 'A repeated call answers with NotFoundError.',
  },
  input: (t) => ({ appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }) }),
  payload: { app: { type: App, description: 'The app, without a webhook.' } },
  errors: [NotFoundError],
  async resolve({ appId: globalId }, context) {
    const { database, signingSecrets } = context.services;
    const appId = await askedApp(context, { permission: 'MANAGE_WEBHOOK', globalId });
    const { app, webhookId } = await database.query
      .transaction()
      .execute((trx) => removeWebhook(trx, signingSecrets, { appId, by: byOf(context) }));
    await endWebhookQueue(database, appId, webhookId);
    return { app };
  },
});
