import { IdempotencyError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { requireTenant } from '../graph/context.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { sendingChange } from '../sending/sending.ts';
import { endQueuedOrLeave } from '../status/end-queued.ts';
import { askedEndpoint } from './asking-owner.ts';
import { createEndpoint } from './create-endpoint.ts';
import { deleteEndpoint } from './delete-endpoint.ts';
import { changeEndpoints, Endpoint } from './endpoint.graph.ts';
import { type Endpoint as EndpointRow, getEndpoint, maxEndpointsPerOwner } from './endpoint.ts';
import {
  checkEndpointChange,
  checkNewEndpoint,
  maxDeliveryRate,
  maxDescriptionChars,
} from './endpoint-input.ts';
import { endpointOwner } from './endpoint-owner.graph.ts';
import { byOf, rulesOf } from './endpoint-services.ts';
import { ownSecretRule, refuseBadSecret } from './rotate-secret.ts';
import { changedSendingInputs, headersOf, newSendingInputs } from './sending.graph.ts';
import { finishUpdate, updateEndpoint } from './update-endpoint.ts';

const urlRule =
  'At most 2,048 characters, http or https (https alone in production), no user name, no fragment; not an address that webhooks may not be sent to.';
const eventsRule = '1 to 100 event type names, `comment.*` for a category, or `*` for all; none twice.';
const descriptionRule = `At most ${maxDescriptionChars} characters.`;
const rateRule = `1 to ${maxDeliveryRate} deliveries a second; null is no limit.`;
const activeRule = 'False: nothing is sent, and what is queued ends as FAILED (ENDPOINT_INACTIVE).';

/** What a repetition of `createEndpoint` needs. */
type CreatedEndpoint = { id: string; secret: string };

mutation(builder, 'createEndpoint', {
  description: `Creates an endpoint. Its first ownership handshake starts by itself; until it has ended, deliveries wait. At most ${maxEndpointsPerOwner} endpoints.`,
  permission: 'MANAGE_WEBHOOKS',
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.create', 'a signed POST to the URL: the ownership handshake'],
    idempotency: `${idempotencyNote} The secret is in it only while it is the newest.`,
  },
  input: (t) => ({
    url: t.string({ required: true, description: `Where deliveries are POSTed to. ${urlRule}` }),
    events: t.stringList({ required: true, description: `What it subscribes to. ${eventsRule}` }),
    description: t.string({ description: `A note of your own. ${descriptionRule}` }),
    isActive: t.boolean({ required: true, defaultValue: true, description: activeRule }),
    maxDeliveriesPerSecond: t.int({ description: rateRule }),
    ...newSendingInputs(t),
    secret: t.string({
      description: `A first secret of your own. ${ownSecretRule} Absent or null: one is made.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    endpoint: { type: Endpoint, description: 'The new endpoint.' },
    secret: {
      type: 'String',
      description:
        'The key of its signatures, `whsec_…`. It is shown here and on rotation, and nowhere else.',
    },
  },
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { database, signingSecrets, handshakes } = context.services;
    const ownerId = requireTenant(context);
    const by = byOf(context);
    const sending = sendingChange({ ...input, headers: headersOf(input.headers) });
    const values = await checkNewEndpoint(rulesOf(context), input, sending);
    const ownSecret = refuseBadSecret(input.secret);
    const created: EndpointRow[] = [];
    const { id, secret } = await idempotently(
      context,
      { ownerId, field: 'createEndpoint', input, secretOf: (answer: CreatedEndpoint) => answer.id },
      async (trx) => {
        const fresh = await createEndpoint(trx, signingSecrets, {
          ...{ ownerId, ownerKind: 'TENANT', values, sending, ownSecret, by },
        });
        created.push(fresh.endpoint);
        return { id: fresh.endpoint.id, secret: fresh.secret };
      },
    );
    for (const endpoint of created) handshakes.begin(endpoint);
    return { endpoint: await getEndpoint(database.query, ownerId, id), secret };
  },
});

mutation(builder, 'updateEndpoint', {
  description:
    'Changes what is given. A new URL loses its verification: call `verifyEndpoint` for it. Active again after a pause, an endpoint starts with a closed circuit.',
  inputDescription:
    'Absent: unchanged. Null clears `description`, `maxDeliveriesPerSecond`, `headers`, `retrySchedule`, `timeoutMs`, `stopOn` and `headerPrefix`, and is a ValidationError for the rest.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: [
      'audit entry endpoint.update',
      'queued deliveries of an endpoint made inactive end as FAILED',
    ],
    idempotency: 'The same change again changes nothing and is not audited.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
    url: t.string({ description: `A new URL. ${urlRule}` }),
    events: t.stringList({ description: `All that it subscribes to from now on. ${eventsRule}` }),
    description: t.string({ description: `${descriptionRule} Null removes it.` }),
    isActive: t.boolean({ description: activeRule }),
    maxDeliveriesPerSecond: t.int({ description: rateRule }),
    ...changedSendingInputs(t),
  }),
  payload: { endpoint: { type: Endpoint, description: 'The endpoint as it is now.' } },
  errors: [ValidationError, NotFoundError],
  async resolve({ id: globalId, ...input }, context) {
    const { database, signingSecrets: secrets } = context.services;
    const { ownerId, id } = await askedEndpoint(context, { permission: changeEndpoints, globalId });
    const change = sendingChange({ ...input, headers: headersOf(input.headers) });
    const values = await checkEndpointChange(rulesOf(context), input, change);
    const sending = change === undefined ? undefined : { change, secrets };
    const updated = await database.query
      .transaction()
      .execute((trx) => updateEndpoint(trx, { ownerId, id, values, sending, by: byOf(context) }));
    await finishUpdate(database, updated);
    return { endpoint: updated.after };
  },
});

mutation(builder, 'deleteEndpoint', {
  description:
    'Deletes an endpoint with its secrets and its history; an app’s webhook secret stays the app’s. What is queued ends as FAILED (ENDPOINT_DELETED) in the log; everything is hidden at once and removed in the background. What is being sent at this moment may still arrive, within the delivery timeout.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.delete', 'queued deliveries end as FAILED', 'history is removed'],
    idempotency: 'A second call answers with NotFoundError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: {
    id: { type: 'ID', description: 'The id of what was deleted.' },
    deletedAt: { type: 'DateTime', description: 'Since when nobody finds it.' },
  },
  errors: [NotFoundError],
  async resolve({ id: globalId }, context) {
    const { database, signingSecrets } = context.services;
    const { ownerId, ownerKind, id } = await askedEndpoint(context, {
      permission: changeEndpoints,
      globalId,
    });
    const { deletedAt } = await database.query.transaction().execute(async (trx) => {
      await endpointOwner(ownerKind)?.keep?.(trx, signingSecrets, { ownerId, id });
      return await deleteEndpoint(trx, { ownerId, id, by: byOf(context) });
    });
    await endQueuedOrLeave(database, {
      ownerId,
      endpointId: id,
      reason: 'ENDPOINT_DELETED',
      claimedToo: true,
    });
    return { id: globalId, deletedAt };
  },
});
