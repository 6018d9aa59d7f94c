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
  description: 'Which events an app’s webhook takes.',
  values: {
    LIFECYCLE: {
      description: 'What happens to the app itself: `app.installed` and its kin. The filter does not apply.',
    },
    INSTALLED_TENANT_EVENTS: {
      description:
        'Events of the tenants that have the app installed and subscribed, as far as the published version declares them.',
    },
  } as const,
});

const AppWebhook = builder.objectRef<EndpointRow>('AppWebhook').implement({
  description: 'The app’s one endpoint, with the streams that it takes.',
  fields: (t) => ({
    endpoint: t.field({
      type: Endpoint,
      description: 'Where events are sent, how its receiver has fared, and what was delivered.',
      complexity: 0,
      resolve: (endpoint) => endpoint,
    }),
    streams: t.field({
      type: [AppEventStream],
      description: 'Which events it takes.',
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
    description: 'MANAGE_WEBHOOK or VIEW_DELIVERIES: the app’s one endpoint; null until it is set.',
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
    'Sets the app’s webhook, or changes it. A first one starts its ownership handshake by itself; a new URL loses its verification: call `verifyEndpoint` for it.',
  inputDescription: 'Sets all of it: what is left out takes its default.',
  permission: { app: 'MANAGE_WEBHOOK' },
  capability: {
    records: ['App', 'Endpoint', 'AuditEntry'],
    sideEffects: [
      'audit entries endpoint.create or endpoint.update, and app.set_webhook',
      'a first one: a signed POST to the URL, the ownership handshake',
    ],
    idempotency: 'The same again changes nothing and is not audited.',
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    url: t.string({
      required: true,
      description:
        'Where deliveries are POSTed to. At most 2,048 characters, http or https (https alone in production), no user name, no fragment; not an address that webhooks may not be sent to.',
    }),
    streams: t.field({
      type: [AppEventStream],
      required: true,
      description: 'Which events it takes: at least one stream.',
    }),
    events: t.stringList({
      required: true,
      defaultValue: ['*'],
      description:
        'Of forwarded events: 1 to 100 names, `comment.*` for a category, or `*` for all; none twice. What the published version does not declare is not forwarded.',
    }),
    isActive: t.boolean({
      required: true,
      defaultValue: true,
      description: 'False: nothing is sent, and what is queued ends as FAILED (ENDPOINT_INACTIVE).',
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
    'Removes the app’s webhook with its history. What is queued ends as FAILED (ENDPOINT_DELETED). Its secret stays the app’s: the next `setAppWebhook` goes on with it. NotFoundError where there is none.',
  permission: { app: 'MANAGE_WEBHOOK' },
  capability: {
    records: ['App', 'Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.delete', 'queued deliveries end as FAILED', 'history is removed'],
    idempotency: 'A second call answers with NotFoundError.',
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
